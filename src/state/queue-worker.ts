/**
 * The thread that has the queue: takes calls from queue-thread.ts, all of one message in one commit, and answers them
 * together with what that changed, so that the region's own thread never waits for the disk.
 */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "./clock.ts";
import type { Entry, Queue } from "./queue.ts";
import { type QueueChanges, SqliteQueue } from "./sqlite-queue.ts";
import { StorageError } from "./storage-error.ts";

/** What can be asked of the queue from another thread. */
export type QueueOperation = {
  [K in keyof Queue]: Queue[K] extends (...values: never[]) => Promise<unknown> ? K : never;
}[keyof Queue];

export interface QueueCall {
  readonly id: number;
  readonly operation: QueueOperation;
  readonly values: readonly unknown[];
}

/** An error loses what it is on its way between threads: only this arrives. */
export interface Failure {
  readonly message: string;
  /** Of a StorageError. */
  readonly hint?: string;
}

export interface QueueAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

export interface QueueReport {
  readonly answers: readonly QueueAnswer[];
  readonly changes: QueueChanges;
  /** There is something that may be due sooner than was known. */
  readonly isNews: boolean;
  /** Why there is no queue: the only report then. */
  readonly failure?: Failure;
}

export interface QueueWorkerData {
  readonly file: string;
  readonly limitBytes: number;
}

const failureOf = (error: unknown): Failure => ({
  message: (error as Error).message,
  ...(error instanceof StorageError && { hint: error.hint }),
});

class QueueServer {
  readonly #queue: SqliteQueue;
  readonly #post: (report: QueueReport, transfer: ArrayBuffer[]) => void;
  #answers: QueueAnswer[] = [];
  #transfer: ArrayBuffer[] = [];
  #isNews = false;

  constructor(queue: SqliteQueue, post: (report: QueueReport, transfer: ArrayBuffer[]) => void) {
    this.#queue = queue;
    this.#post = post;
    queue.onPut(() => {
      this.#isNews = true;
    });
  }

  take(calls: readonly QueueCall[]): void {
    for (const call of calls) void this.#answer(call);
  }

  report(): void {
    const [answers, transfer, isNews] = [this.#answers, this.#transfer, this.#isNews];
    this.#answers = [];
    this.#transfer = [];
    this.#isNews = false;
    this.#post({ answers, changes: this.#queue.takeChanges(), isNews }, transfer);
  }

  async #answer({ id, operation, values }: QueueCall): Promise<void> {
    let answer: QueueAnswer;
    try {
      const call = this.#queue[operation] as (...values: readonly unknown[]) => Promise<unknown>;
      const value = await call.apply(this.#queue, [...values]);
      answer = { id, value };
      if (operation === "claim") for (const entry of value as Entry[]) this.#handOver(entry);
    } catch (error) {
      answer = { id, failure: failureOf(error) };
    }
    this.#answers.push(answer);
    // Once for all that one commit answered: a tick runs when no promise has anything left to say.
    if (this.#answers.length === 1) process.nextTick(() => this.report());
  }

  /** What a claim read belongs to nobody here. */
  #handOver({ payload, answer }: Entry): void {
    for (const bytes of [payload, answer]) {
      if (bytes && bytes.byteLength === bytes.buffer.byteLength) this.#transfer.push(bytes.buffer as ArrayBuffer);
    }
  }
}

if (parentPort) {
  const port = parentPort;
  const { file, limitBytes } = workerData as QueueWorkerData;
  try {
    const queue = SqliteQueue.openPrepared(file, systemClock, limitBytes);
    const server = new QueueServer(queue, (report, transfer) => port.postMessage(report, transfer));
    port.on("message", (calls: readonly QueueCall[] | "close") => {
      if (calls !== "close") return server.take(calls);
      queue.close();
      // After the answers to what was committed last.
      setImmediate(() => port.close());
    });
    server.report();
  } catch (error) {
    const changes = { lanes: [], laneBytes: [], usedBytes: 0 };
    port.postMessage({ answers: [], changes, isNews: false, failure: failureOf(error) } satisfies QueueReport);
    port.close();
  }
}
