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
import type { OutgoingMessage } from "./outgoing-message.ts";
import { OutgoingWorker } from "./outgoing-worker.ts";

const TICKS = "ticks";

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

  private constructor(queue: SqliteQueue, options: OutboxOptions) {
    this.#queue = queue;
    const send = options.send ?? ((message, delivery) => options.targets.deliver(message.arn, delivery));
    const workers = [new TickWorker(queue, options.onTick), new OutgoingWorker({ ...options, queue, send })];
    this.#dispatcher = new Dispatcher({ ...options, queue, workers, precedence: UNHURRIED });
  }

  /** @throws StorageError */
  static async open(options: OutboxOptions): Promise<Outbox> {
    return new Outbox(await SqliteQueue.open(options.file, options.clock), options);
  }

  /** Resolves when they are on the disk. */
  put(entries: readonly NewEntry[]): Promise<void> {
    return entries.length === 0 ? Promise.resolve() : this.#queue.put(entries);
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
    return this.#dispatcher.isResting;
  }

  stop(): void {
    this.#dispatcher.stop();
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
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
