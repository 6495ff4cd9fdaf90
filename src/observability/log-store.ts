/**
 * What functions log: append-only files, a directory a log group, cut into segments of which the newest are kept.
 * Written behind, never on the invoke path: a crash loses the last moments of logs, a full disk loses logs and says so,
 * neither loses an invocation.
 */
import { createHash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "./log.ts";

export interface LogEvent {
  /** Unix ms */
  readonly timestamp: number;
  readonly logStream: string;
  /** One log event, usually one line with its newline. */
  readonly message: string;
}

export interface LogStream {
  append(timestampMs: number, message: string): void;
}

const FLUSH_MS = 100;
const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENTS_KEPT = 4;
/** bytes, roughly, waiting for the disk in one group; beyond it the disk is too slow and events are dropped, and counted */
const MAX_WAITING = 8 * 1024 * 1024;
/** what an event takes beside its message, in memory and in the file */
const EVENT_OVERHEAD = 200;
/** ms between two complaints to the operator about one group: a full disk must not fill the log as well */
const COMPLAIN_EVERY_MS = 10_000;

interface Group {
  readonly directory: string;
  readonly listeners: Set<(event: LogEvent) => void>;
  /** As they will stand in the file: one text is kept rather than an object of several. */
  waiting: string[];
  waitingSize: number;
  dropped: number;
  /** performance.now() of the last complaint */
  complainedMs: number;
  segment: number;
  segmentBytes: number;
}

export class LogStore {
  readonly #directory: string;
  readonly #log: Log;
  readonly #groups = new Map<string, Group>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  stream(logGroup: string, logStream: string): LogStream {
    const group = this.#group(logGroup);
    const inFile = JSON.stringify(logStream);
    return {
      append: (timestamp, message) => {
        for (const listener of group.listeners) listener({ timestamp, logStream, message });
        this.#append(group, `{"timestamp":${timestamp},"logStream":${inFile},"message":${JSON.stringify(message)}}`);
      },
    };
  }

  /** Everything kept of a group since then, oldest first. */
  async read(logGroup: string, sinceMs: number): Promise<LogEvent[]> {
    await this.flush();
    const directory = this.#directoryOf(logGroup);
    const events: LogEvent[] = [];
    for (const segment of await listSegments(directory)) {
      const text = await readFile(segmentPath(directory, segment), "utf8");
      for (const line of text.split("\n")) {
        const event = parseEvent(line);
        if (event && event.timestamp >= sinceMs) events.push(event);
      }
    }
    return events;
  }

  /** Hear every event of a group from now on. @returns how to stop */
  follow(logGroup: string, listener: (event: LogEvent) => void): () => void {
    const { listeners } = this.#group(logGroup);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Everything appended so far is with the operating system when this resolves. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#writeAll());
    return this.#flushing;
  }

  #append(group: Group, line: string): void {
    if (group.waitingSize > MAX_WAITING) {
      group.dropped++;
      return;
    }
    group.waiting.push(line);
    group.waitingSize += line.length + EVENT_OVERHEAD;
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  async #writeAll(): Promise<void> {
    for (const group of this.#groups.values()) {
      if (group.waiting.length === 0) continue;
      const lines = group.waiting;
      group.waiting = [];
      group.waitingSize = 0;
      try {
        await this.#write(group, `${lines.join("\n")}\n`);
      } catch (error) {
        group.dropped += lines.length;
        this.#complain(group, { error });
      }
      if (group.dropped > 0) this.#complain(group);
    }
  }

  #complain(group: Group, fields: { readonly error?: unknown } = {}): void {
    const nowMs = performance.now();
    if (nowMs - group.complainedMs < COMPLAIN_EVERY_MS) return;
    group.complainedMs = nowMs;
    this.#log.error("function logs were dropped", { directory: group.directory, count: group.dropped, ...fields });
    group.dropped = 0;
  }

  async #write(group: Group, lines: string): Promise<void> {
    if (group.segment === 0) await this.#openGroup(group);
    if (group.segmentBytes > SEGMENT_BYTES) {
      group.segment++;
      group.segmentBytes = 0;
      const old = group.segment - SEGMENTS_KEPT;
      if (old > 0) await rm(segmentPath(group.directory, old), { force: true });
    }
    await appendFile(segmentPath(group.directory, group.segment), lines);
    group.segmentBytes += lines.length;
  }

  async #openGroup(group: Group): Promise<void> {
    await mkdir(group.directory, { recursive: true });
    group.segment = (await listSegments(group.directory)).at(-1) ?? 1;
    const existing = await stat(segmentPath(group.directory, group.segment)).catch(() => undefined);
    group.segmentBytes = existing?.size ?? 0;
  }

  #group(logGroup: string): Group {
    let group = this.#groups.get(logGroup);
    if (!group) {
      group = {
        directory: this.#directoryOf(logGroup),
        listeners: new Set(),
        waiting: [],
        waitingSize: 0,
        dropped: 0,
        complainedMs: Number.NEGATIVE_INFINITY,
        segment: 0,
        segmentBytes: 0,
      };
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

function segmentPath(directory: string, segment: number): string {
  return join(directory, `${segment}.ndjson`);
}

async function listSegments(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .map((name) => Number.parseInt(name, 10))
    .filter((segment) => segment > 0)
    .sort((a, b) => a - b);
}

/** @returns undefined for a line that a crash cut short */
function parseEvent(line: string): LogEvent | undefined {
  try {
    return line === "" ? undefined : (JSON.parse(line) as LogEvent);
  } catch {
    return undefined;
  }
}
