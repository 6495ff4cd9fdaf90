/**
 * The queue in a thread of its own, so that nobody on the region's thread waits while a commit is synced. Calls of one
 * turn of the event loop go over together. What can be asked without waiting is known here as of the last commit.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type {
  BuriedEntry,
  Entry,
  FoundEntry,
  ListedEntry,
  NewEntry,
  Queue,
  Revision,
  RevivedEntry,
  Selection,
  Settlement,
} from "./queue.ts";
import { prepareQueueFile } from "./queue-migrations.ts";
import { hasRoomFor } from "./queue-room.ts";
import type { Failure, QueueCall, QueueOperation, QueueReport, QueueWorkerData } from "./queue-worker.ts";
import { StorageError } from "./storage-error.ts";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class QueueThread implements Queue {
  readonly #data: QueueWorkerData;
  readonly #listeners: (() => void)[] = [];
  readonly #waiting = new Map<number, Waiting>();
  readonly #lanes = new Map<string, number>();
  readonly #laneBytes = new Map<string, number>();
  #usedBytes = 0;
  #calls: QueueCall[] = [];
  #nextId = 1;
  #worker: Worker | undefined;
  #closed: Error | undefined;

  private constructor(data: QueueWorkerData) {
    this.#data = data;
  }

  /**
   * Open, or create. What was claimed in an earlier life is due at once.
   * @param file path; nobody else has it open
   * @param limitBytes what hasRoom() keeps to
   * @throws StorageError
   */
  static async open(file: string, limitBytes = Number.POSITIVE_INFINITY): Promise<QueueThread> {
    await prepareQueueFile(file);
    const queue = new QueueThread({ file, limitBytes });
    const worker = queue.#start();
    const [{ failure }] = (await once(worker, "message")) as [QueueReport];
    if (!failure) return queue;
    await queue.close();
    throw errorOf(failure);
  }

  put(entries: readonly NewEntry[]): Promise<void> {
    return this.#ask("put", entries);
  }

  hasRoom(lane: string, payloadBytes: number): boolean {
    const free = this.#data.limitBytes - this.#usedBytes;
    return hasRoomFor(payloadBytes, this.#laneBytes.get(lane) ?? 0, free);
  }

  lanes(): ReadonlyMap<string, number> {
    return this.#lanes;
  }

  async claim(lane: string, limit: number, leaseMs: number): Promise<Entry[]> {
    const entries = await this.#ask<Entry[]>("claim", lane, limit, leaseMs);
    return entries.map(withBuffers);
  }

  postpone(id: number, dueMs: number, revision?: Revision): Promise<void> {
    return this.#ask("postpone", id, dueMs, revision);
  }

  settle(id: number, settlement: Settlement): Promise<void> {
    return this.#ask("settle", id, settlement);
  }

  drop(lane: string): Promise<number> {
    return this.#ask("drop", lane);
  }

  onPut(listener: () => void): void {
    this.#listeners.push(listener);
  }

  list(selection: Selection, page: { readonly below?: number | undefined; readonly limit: number }) {
    return this.#ask<ListedEntry[]>("list", selection, page);
  }

  async find(key: string): Promise<FoundEntry | undefined> {
    const entry = await this.#ask<FoundEntry | undefined>("find", key);
    return entry && withBuffers(entry);
  }

  buried(which: Selection | { readonly key: string }): Promise<BuriedEntry[]> {
    return this.#ask("buried", which);
  }

  revive(entries: readonly RevivedEntry[]): Promise<number> {
    return this.#ask("revive", entries);
  }

  remove(which: Selection | { readonly key: string }): Promise<number> {
    return this.#ask("remove", which);
  }

  prune(beforeMs: number, keep: { readonly entries: number; readonly bytes: number }): Promise<number> {
    return this.#ask("prune", beforeMs, keep);
  }

  /** What was asked for is committed; what comes later is refused. */
  async close(): Promise<void> {
    this.#send();
    this.#closed ??= new Error("the queue is closed");
    const worker = this.#worker;
    if (!worker) return;
    const exited = once(worker, "exit");
    worker.ref();
    worker.postMessage("close");
    await exited;
  }

  #ask<T>(operation: QueueOperation, ...values: readonly unknown[]): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    if (this.#calls.length === 0) setImmediate(() => this.#send());
    this.#calls.push({ id, operation, values });
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  #send(): void {
    const calls = this.#calls;
    if (calls.length === 0) return;
    this.#calls = [];
    const worker = this.#worker ?? this.#start();
    // An idle thread must not keep the program alive; one that somebody waits for must.
    worker.ref();
    worker.postMessage(calls);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./queue-worker.ts", import.meta.url), {
      workerData: this.#data,
      // What it allocates is gone with the commit: a small nursery is quicker than memory that is seldom touched.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    worker.on("message", (report: QueueReport) => this.#hear(worker, report));
    worker.on("error", (error: Error) => this.#abandon(worker, error));
    worker.on("exit", () => this.#abandon(worker, new Error("the queue's thread has ended")));
    this.#worker = worker;
    this.#lanes.clear();
    this.#laneBytes.clear();
    return worker;
  }

  #hear(worker: Worker, { answers, changes, isNews, failure }: QueueReport): void {
    if (failure) return this.#abandon(worker, errorOf(failure));
    for (const [lane, dueMs] of changes.lanes) {
      if (dueMs === undefined) this.#lanes.delete(lane);
      else this.#lanes.set(lane, dueMs);
    }
    for (const [lane, bytes] of changes.laneBytes) {
      if (bytes === 0) this.#laneBytes.delete(lane);
      else this.#laneBytes.set(lane, bytes);
    }
    this.#usedBytes = changes.usedBytes;
    for (const { id, value, failure: refusal } of answers) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (refusal) waiting?.reject(errorOf(refusal));
      else waiting?.resolve(value);
    }
    if (this.#waiting.size === 0) worker.unref();
    if (isNews) for (const listener of this.#listeners) listener();
  }

  /** Nobody knows what became of what was asked. The next call starts the thread anew. */
  #abandon(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(error);
  }
}

const errorOf = ({ message, hint }: Failure): Error =>
  hint === undefined ? new Error(message) : new StorageError(message, hint);

/** Buffers arrive as plain arrays of bytes. */
function withBuffers<T extends Entry | FoundEntry>(entry: T): T {
  return { ...entry, payload: bufferOf(entry.payload), answer: entry.answer && bufferOf(entry.answer) };
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
