/**
 * What rules and schedules send, durably: a queue of its own, in which ticks of schedules and messages to targets wait,
 * and its dispatcher. A tick leaves in the commit in which its messages and the next tick enter: each fires once.
 */
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Entry, NewEntry } from "../../state/queue.ts";
import { SqliteQueue } from "../../state/sqlite-queue.ts";
import { Dispatcher } from "../async/dispatcher.ts";
import type { Verdict, Worker } from "../async/worker.ts";
import type { Delivery, Target } from "../targets.ts";
import { isOutgoingLane, type OutgoingMessage } from "./outgoing-message.ts";
import { OutgoingWorker } from "./outgoing-worker.ts";

const TICKS = "ticks";
/** Messages that are sent as soon as they are on the disk, at the same time; others wait their turn in the queue. */
const MOST_DIRECT = 64;
/** ms: longer than any delivery takes */
const LEASE_MS = 10 * 60_000;
/** ms after which a message that met a fault of ours is tried again */
const FAULT_DELAY_MS = 10_000;

/** When something is due. */
export interface Tick {
  /** Whose tick it is. */
  readonly name: string;
  /** Of what it belongs to: after a change older ticks mean nothing. */
  readonly revision: string;
  /** Unix ms: the time that the schedule says; it may fire later. */
  readonly scheduledMs: number;
}

/** What takes a tick's place: messages, and the next tick. */
export type OnTick = (tick: Tick) => Promise<readonly NewEntry[]> | readonly NewEntry[];

export interface OutboxOptions {
  /** Path; nobody else has it open. */
  readonly file: string;
  readonly targets: Target;
  readonly clock: Clock;
  readonly log: Log;
  readonly onTick: OnTick;
  /** Default: to the region's targets. */
  readonly send?: (message: OutgoingMessage, delivery: Delivery) => Promise<void>;
}

export class Outbox {
  readonly #queue: SqliteQueue;
  readonly #dispatcher: Dispatcher;
  readonly #worker: OutgoingWorker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #direct = new Set<Promise<void>>();
  #isStopped = false;

  private constructor(queue: SqliteQueue, options: OutboxOptions) {
    this.#queue = queue;
    this.#clock = options.clock;
    this.#log = options.log;
    const send = options.send ?? ((message, delivery) => options.targets.deliver(message.arn, delivery));
    this.#worker = new OutgoingWorker({ ...options, queue, send });
    const workers = [new TickWorker(queue, options.onTick), this.#worker];
    this.#dispatcher = new Dispatcher({ ...options, queue, workers, precedence: UNHURRIED });
  }

  /** @throws StorageError */
  static async open(options: OutboxOptions): Promise<Outbox> {
    return new Outbox(await SqliteQueue.open(options.file, options.clock), options);
  }

  /** Resolves when they are on the disk. Messages leave at once. */
  async put(entries: readonly NewEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const nowMs = this.#clock.now();
    const isDue = entries.every(({ lane, dueMs }) => isOutgoingLane(lane) && dueMs <= nowMs);
    if (!isDue || this.#isStopped || this.#direct.size + entries.length > MOST_DIRECT) {
      await this.#queue.put(entries);
      return;
    }
    for (const entry of await this.#queue.putClaimed(entries, LEASE_MS)) {
      const sent = this.#send(entry).finally(() => this.#direct.delete(sent));
      this.#direct.add(sent);
    }
  }

  /** Never rejects. */
  async #send(entry: Entry): Promise<void> {
    try {
      await this.#worker.run(entry);
    } catch (error) {
      this.#log.error("a message could not be settled", { key: entry.key, error });
      // What cannot even be postponed is due again when its lease ends.
      await this.#queue.postpone(entry.id, this.#clock.now() + FAULT_DELAY_MS).catch(() => {});
    }
  }

  /** Go on with what an earlier life left. */
  start(): void {
    this.#dispatcher.wake();
  }

  /** Look for what is due: for tests, whose clock jumps. */
  wake(): void {
    this.#dispatcher.wake();
  }

  get isResting(): boolean {
    return this.#dispatcher.isResting && this.#direct.size === 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#dispatcher.stop();
  }

  async close(): Promise<void> {
    this.stop();
    await this.#dispatcher.close();
    await Promise.all(this.#direct);
    this.#queue.close();
  }
}

/** @param dueMs unix ms; later than the tick's own time where a window is flexible */
export function tickEntry(tick: Tick, dueMs = tick.scheduledMs): NewEntry {
  return { lane: TICKS, dueMs, key: tick.name, about: JSON.stringify(tick), payload: Buffer.alloc(0) };
}

const UNHURRIED = { room: Number.POSITIVE_INFINITY, took: () => {} };

class TickWorker implements Worker {
  readonly width = 64;
  readonly #queue: SqliteQueue;
  readonly #onTick: OnTick;

  constructor(queue: SqliteQueue, onTick: OnTick) {
    this.#queue = queue;
    this.#onTick = onTick;
  }

  owns(lane: string): boolean {
    return lane === TICKS;
  }

  async run(entry: Entry): Promise<Verdict> {
    const put = await this.#onTick(JSON.parse(entry.about));
    await this.#queue.settle(entry.id, { put });
    return "done";
  }
}
