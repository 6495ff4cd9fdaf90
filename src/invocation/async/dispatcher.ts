/**
 * Takes what is due out of the queue and hands it to those who do it: lanes in turns, a bounded number of entries of each
 * and of all, and never more in memory than is running. What a fault of ours leaves unsettled is due again later.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Entry, Queue } from "../../state/queue.ts";
import { type Precedence, TURN_MS } from "../precedence.ts";
import { Lane } from "./lane.ts";
import type { Worker } from "./worker.ts";

/** ms: longer than any invocation takes, waiting for its environment included; only what cannot even be postponed needs it */
const LEASE_MS = 60 * 60_000;
/** Entries of one lane in one claim, and lanes that are claimed from at the same time. */
const CLAIM = 16;
const CLAIMS = 8;
/** Entries that run at the same time. */
const MOST_RUNNING = 500;
/** bytes of payloads in memory, from which on entries are taken one by one, and none any more */
const FEW_BYTES = 32 * 1024 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;
/** Beyond these, for lanes in which nothing runs. */
const SPARE_RUNNING = 250;
const SPARE_BYTES = 64 * 1024 * 1024;
/** ms after which an entry that met a fault of ours is tried again, and after which that is tried to be written down */
const FAULT_DELAY_MS = 10_000;
const LONGEST_SLEEP_MS = 60_000;

export interface DispatcherOptions {
  readonly queue: Queue;
  readonly workers: readonly Worker[];
  readonly clock: Clock;
  readonly log: Log;
  readonly precedence: Pick<Precedence, "room" | "took">;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<void>>();
  /** Entries that run: when the clock jumps their leases end before they do. */
  readonly #ids = new Set<number>();
  #bytes = 0;
  #claims = 0;
  /** The lane that was served last: the next turn begins behind it. */
  #last: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isClosed = false;
  readonly #closing = Promise.withResolvers<void>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    options.queue.onPut(() => this.wake());
  }

  /** Nothing runs and nothing is being looked for. */
  get isResting(): boolean {
    return this.#running.size === 0 && this.#claims === 0 && !this.#isLooking;
  }

  /** Look for work; cheap to call often. */
  wake(): void {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    // Once for all that happens in this turn.
    setImmediate(() => {
      this.#isLooking = false;
      this.#look();
    });
  }

  /** Take nothing new. */
  stop(): void {
    this.#isClosed = true;
    this.#closing.resolve();
    clearTimeout(this.#timer);
  }

  /** Take nothing new, and let what runs finish. */
  async close(): Promise<void> {
    this.stop();
    while (this.#claims > 0 || this.#running.size > 0) {
      await Promise.all(this.#running);
      await new Promise(setImmediate);
    }
  }

  #look(): void {
    if (this.#isClosed) return;
    const { queue, clock, precedence } = this.#options;
    clearTimeout(this.#timer);
    const nowMs = clock.now();
    let nextMs = nowMs + LONGEST_SLEEP_MS;
    for (const name of this.#inTurn([...queue.lanes().keys()])) {
      const lane = this.#laneOf(name);
      if (!lane || lane.isClaiming || lane.room <= 0) continue;
      const readyMs = Math.max(queue.lanes().get(name) ?? nextMs, lane.pausedUntilMs);
      if (readyMs > nowMs) {
        nextMs = Math.min(nextMs, readyMs);
        continue;
      }
      // Whatever ends looks again.
      if (this.#claims >= CLAIMS) return;
      const room = Math.min(lane.room, this.#roomFor(lane), precedence.room);
      if (room <= 0) {
        if (precedence.room <= 0) nextMs = Math.min(nextMs, nowMs + TURN_MS);
        continue;
      }
      precedence.took(room);
      this.#last = name;
      void this.#claim(name, lane, room);
    }
    this.#timer = setTimeout(() => this.wake(), nextMs - nowMs);
    this.#timer.unref();
  }

  /** However many others take long: a lane in which nothing runs gets one of its entries in. */
  #roomFor(lane: Lane): number {
    const { size } = this.#running;
    if (size < MOST_RUNNING && this.#bytes < MOST_BYTES) {
      return Math.min(MOST_RUNNING - size, this.#bytes < FEW_BYTES ? CLAIM : 1);
    }
    return lane.isIdle && size < MOST_RUNNING + SPARE_RUNNING && this.#bytes < MOST_BYTES + SPARE_BYTES ? 1 : 0;
  }

  #inTurn(names: string[]): string[] {
    const start = this.#last === undefined ? 0 : names.indexOf(this.#last) + 1;
    return [...names.slice(start), ...names.slice(0, start)];
  }

  #laneOf(name: string): Lane | undefined {
    const known = this.#lanes.get(name);
    if (known) return known;
    const worker = this.#workerOf(name);
    if (!worker) return undefined;
    const lane = new Lane(worker.width);
    this.#lanes.set(name, lane);
    return lane;
  }

  #workerOf(name: string): Worker | undefined {
    return this.#options.workers.find((worker) => worker.owns(name));
  }

  async #claim(name: string, lane: Lane, limit: number): Promise<void> {
    const { queue, clock, log } = this.#options;
    lane.isClaiming = true;
    this.#claims += 1;
    try {
      const entries = await queue.claim(name, limit, LEASE_MS);
      // One that was put off in the same commit has still to end its turn.
      if (entries.some(({ id }) => this.#ids.has(id))) await new Promise(setImmediate);
      for (const entry of entries) if (!this.#ids.has(entry.id)) this.#start(entry, lane);
    } catch (error) {
      lane.pausedUntilMs = clock.now() + 1000;
      log.error("events could not be taken from the queue", { lane: name, error });
    } finally {
      lane.isClaiming = false;
      this.#claims -= 1;
      this.#forgetIdle(name, lane);
    }
    this.wake();
  }

  #start(entry: Entry, lane: Lane): void {
    const bytes = entry.payload.length + (entry.answer?.length ?? 0);
    lane.started();
    this.#ids.add(entry.id);
    this.#bytes += bytes;
    const done = this.#run(entry, lane).finally(() => {
      this.#bytes -= bytes;
      this.#ids.delete(entry.id);
      this.#running.delete(done);
      this.#forgetIdle(entry.lane, lane);
      this.wake();
    });
    this.#running.add(done);
  }

  /** Never rejects. */
  async #run(entry: Entry, lane: Lane): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const verdict = await this.#workerOf(entry.lane)?.run(entry);
      if (verdict === "congested") lane.congested(clock.now());
      else lane.succeeded(clock.now());
    } catch (error) {
      log.error("an event could not be settled", { lane: entry.lane, key: entry.key, error });
      await this.#putOff(entry);
      lane.failed();
    }
  }

  /** As often as it takes: a full disk takes nothing, and else the entry would be out of reach until its lease ends. */
  async #putOff(entry: Entry): Promise<void> {
    const { queue, clock } = this.#options;
    while (!this.#isClosed) {
      const isDone = await queue.postpone(entry.id, clock.now() + FAULT_DELAY_MS).then(
        () => true,
        () => false,
      );
      if (isDone) return;
      await Promise.race([delay(FAULT_DELAY_MS, undefined, { ref: false }), this.#closing.promise]);
    }
  }

  /** Functions come and go: nothing is remembered of lanes in which there is nothing to do. */
  #forgetIdle(name: string, lane: Lane): void {
    if (!lane.isIdle || this.#options.queue.lanes().has(name)) return;
    this.#lanes.delete(name);
  }
}
