/**
 * All log events of a region: what functions write and what is sent to CloudWatch Logs, in one place, a directory a log
 * group. Functions' logs are written behind, never on the invoke path: a crash loses the last moments of them, a full disk
 * loses logs and says so, neither loses an invocation.
 */
import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "./log.ts";
import type { LogEvent, NewLogEvent } from "./log-event.ts";
import { LogGroup, type LogStream, type Reading, type WrittenStream } from "./log-group.ts";
import { groupNameOf } from "./log-segments.ts";

export type { LogEvent, NewLogEvent } from "./log-event.ts";
export type { LogStream, Reading, WrittenStream } from "./log-group.ts";

/** Told of every write: the streams, and the position behind their last event. */
export type WriteListener = (logGroup: string, streams: readonly WrittenStream[], end: number) => void;

const FLUSH_MS = 100;
/** ms between two complaints to the operator about one group: a full disk must not fill the log as well */
const COMPLAIN_EVERY_MS = 10_000;

export class LogStore {
  readonly #directory: string;
  readonly #log: Log;
  readonly #groups = new Map<string, LogGroup>();
  readonly #listeners = new Set<WriteListener>();
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Groups that have events on the disk. */
  async groupNames(): Promise<string[]> {
    const found: string[] = [];
    for (const name of await readdir(this.#directory).catch(() => [])) {
      // What a crash left of one that was being deleted.
      if (name.endsWith(".deleted")) await rm(join(this.#directory, name), { recursive: true, force: true });
      else found.push((await groupNameOf(this.#directory, name)) ?? "");
    }
    return found.filter((name) => name !== "");
  }

  /** For what a function writes. */
  stream(logGroup: string, logStream: string): LogStream {
    return this.#group(logGroup).stream(logStream);
  }

  /** Resolves when the events are on the disk. @throws what the disk says: none of them is kept then */
  accept(logGroup: string, logStream: string, events: readonly NewLogEvent[], ingestionMs: number): Promise<void> {
    return this.#group(logGroup).accept(logStream, events, ingestionMs);
  }

  /** Events of a group in the order in which they came, in pieces; what was appended before the call is among them. */
  read(logGroup: string, reading: Reading = {}): AsyncGenerator<LogEvent[]> {
    return this.#group(logGroup).read(reading);
  }

  /** The position of the last event appended so far, or none between it and the next. */
  end(logGroup: string): Promise<number> {
    return this.#group(logGroup).end();
  }

  /** bytes on the disk */
  bytesOf(logGroup: string): Promise<number> {
    return this.#group(logGroup).bytes();
  }

  /** @returns unix ms: no event of the group is older */
  oldestMs(logGroup: string): Promise<number> {
    return this.#group(logGroup).oldestMs();
  }

  /** Only what happened after that time (unix ms) is kept. Without one the newest of what functions write is. */
  expire(logGroup: string, beforeMs: number | undefined): Promise<void> {
    return this.#group(logGroup).expire(beforeMs);
  }

  removeStream(logGroup: string, logStream: string): Promise<void> {
    return this.#group(logGroup).wipeStream(logStream);
  }

  removeGroup(logGroup: string): Promise<void> {
    return this.#group(logGroup).remove();
  }

  /** @returns how to stop */
  onWritten(listener: WriteListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What there is of a group, then what comes, with nothing lost or twice in between, until the signal. */
  async *follow(logGroup: string, fromMs: number, ended: AbortSignal): AsyncGenerator<LogEvent[]> {
    let after = -1;
    let wake = Promise.withResolvers<void>();
    const stop = this.onWritten((name) => {
      if (name === logGroup) wake.resolve();
    });
    const end = (): void => wake.resolve();
    ended.addEventListener("abort", end);
    try {
      while (!ended.aborted) {
        for await (const events of this.read(logGroup, { fromMs, after })) {
          after = events.at(-1)?.position ?? after;
          yield events;
        }
        if (ended.aborted) return;
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      ended.removeEventListener("abort", end);
      stop();
    }
  }

  /** Everything appended so far is with the operating system when this resolves. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const busy = [...this.#groups.values()].filter(({ hasWaiting }) => hasWaiting);
    await Promise.all(busy.map((group) => group.flush()));
  }

  #group(logGroup: string): LogGroup {
    let group = this.#groups.get(logGroup);
    if (!group) {
      let complainedMs = Number.NEGATIVE_INFINITY;
      const listener = {
        written: (streams: readonly WrittenStream[], end: number) => {
          for (const listen of this.#listeners) listen(logGroup, streams, end);
        },
        dropped: (count: number, error?: unknown) => {
          const nowMs = performance.now();
          if (nowMs - complainedMs < COMPLAIN_EVERY_MS) return;
          complainedMs = nowMs;
          this.#log.error("function logs were dropped", { logGroup, count, ...(error !== undefined && { error }) });
        },
      };
      const onWaiting = (): void => {
        this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
      };
      group = new LogGroup(this.#directoryOf(logGroup), logGroup, listener, onWaiting);
      this.#groups.set(logGroup, group);
    }
    return group;
  }

  /** Log groups may hold slashes and dots: the prefix keeps `..` from meaning anything, `~` is in no group's name. */
  #directoryOf(logGroup: string): string {
    const name = `group-${logGroup.replaceAll("/", "~")}`;
    const short = name.length > 200 ? `group-${createHash("sha256").update(logGroup).digest("hex")}` : name;
    return join(this.#directory, short);
  }
}
