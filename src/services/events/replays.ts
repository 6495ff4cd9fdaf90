/** Replays: what an archive kept of a time is sent to its bus again, in the background, also over a restart. */
import type { Outbox } from "../../invocation/outbox/outbox.ts";
import { newTraceHeader } from "../../invocation/outbox/trace.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Archive, ArchiveStore } from "./archive-store.ts";
import type { EventBook } from "./event-book.ts";
import type { EventRouter } from "./router.ts";

export type ReplayState = "STARTING" | "RUNNING" | "CANCELLING" | "COMPLETED" | "CANCELLED" | "FAILED";

export interface Replay {
  readonly name: string;
  readonly description?: string | undefined;
  readonly archive: string;
  readonly bus: string;
  readonly filterArns?: readonly string[] | undefined;
  readonly state: ReplayState;
  readonly stateReason?: string;
  /** Unix ms */
  readonly fromMs: number;
  readonly toMs: number;
  readonly startedMs: number;
  readonly endedMs?: number;
  /** How far it has come. */
  readonly last?: { readonly timeMs: number; readonly id: number };
}

const PAGE = 100;

export interface ReplaysOptions {
  readonly book: EventBook;
  readonly archives: ArchiveStore;
  readonly router: EventRouter;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}

export class Replays {
  readonly #options: ReplaysOptions;
  readonly #running = new Map<string, Promise<void>>();
  #isStopped = false;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  get all(): readonly Replay[] {
    const replays = this.#options.book.documents.all<Replay>("replay").values();
    return [...replays].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Replay | undefined {
    return this.#options.book.documents.find("replay", name);
  }

  store(replay: Replay): Promise<void> {
    return this.#options.book.documents.put("replay", replay.name, replay);
  }

  /** Go on with those that an earlier life has begun. */
  resume(): void {
    for (const { name, state } of this.all) {
      if (state === "STARTING" || state === "RUNNING" || state === "CANCELLING") this.run(name);
    }
  }

  run(name: string): void {
    const { log } = this.#options;
    const running = this.#run(name)
      .catch((error) => log.error("a replay stopped", { replay: name, error }))
      .finally(() => this.#running.delete(name));
    this.#running.set(name, running);
  }

  stop(): void {
    this.#isStopped = true;
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#running.values());
  }

  async #run(name: string): Promise<void> {
    const { book, archives, router, outbox, clock } = this.#options;
    for (;;) {
      const replay = this.find(name);
      if (!replay || this.#isStopped) return;
      if (replay.state === "CANCELLING") return this.#end(replay, "CANCELLED");
      const archive = book.documents.find<Archive>("archive", replay.archive);
      if (!archive) return this.#end(replay, "FAILED", `Archive ${replay.archive} does not exist.`);
      const page = archives.page(archive, replay, replay.last ?? { timeMs: -1, id: 0 }, PAGE);
      const entries = page.flatMap(({ event }) =>
        router.route(
          replay.bus,
          { ...event, replayName: name, traceId: newTraceHeader(clock.now()) },
          replay.filterArns,
        ),
      );
      await outbox.put(entries);
      const last = page.at(-1);
      const now = this.find(name) ?? replay;
      if (page.length < PAGE) return this.#end({ ...now, ...lastOf(last) }, "COMPLETED");
      await this.store({ ...now, state: now.state === "CANCELLING" ? "CANCELLING" : "RUNNING", ...lastOf(last) });
    }
  }

  #end(replay: Replay, state: ReplayState, stateReason?: string): Promise<void> {
    const endedMs = this.#options.clock.now();
    return this.store({ ...replay, state, endedMs, ...(stateReason !== undefined && { stateReason }) });
  }
}

const lastOf = (last: { timeMs: number; id: number } | undefined): Pick<Replay, "last"> =>
  last ? { last: { timeMs: last.timeMs, id: last.id } } : {};
