/**
 * One subscriber's events on their way: gathered into batches, delivered one after the other, tried again when that fails,
 * and dropped when there are more than the subscriber keeps up with. Holds a bounded number of bytes, whoever it serves.
 */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Delivery, type Destination, deliveryTo } from "./delivery.ts";
import { rendered, type SchemaVersion, type TelemetryEvent, type TelemetryStream } from "./telemetry-event.ts";

export interface Buffering {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface SubscriptionOrder {
  /** The extension's. */
  readonly name: string;
  readonly api: "Telemetry" | "Logs";
  readonly schemaVersion: SchemaVersion;
  readonly types: readonly TelemetryStream[];
  readonly buffering: Buffering;
  readonly destination: Destination;
}

export interface Dropped {
  readonly droppedBytes: number;
  readonly droppedRecords: number;
  readonly reason: string;
}

const SLOW = "Some logs were dropped because the downstream consumer is slower than the logs production rate";
/** Batches that may wait behind the one that is being delivered. */
const WAITING_BATCHES = 2;
const TRIES = 3;
const RETRY_MS = 50;
/** ms for one try */
const PATIENCE_MS = 3000;

export class Subscription {
  readonly order: SubscriptionOrder;
  readonly #isStructured: boolean;
  readonly #delivery: Delivery;
  readonly #onDropped: (dropped: Dropped) => void;
  readonly #types: ReadonlySet<TelemetryStream>;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Everything that waits is due, however little it is. */
  #isFlushing = false;
  #isSuspended = false;
  #sending: Promise<void> | undefined;
  #abort = new AbortController();
  /** Not told yet. */
  #dropped: Dropped | undefined;

  constructor(
    order: SubscriptionOrder,
    isStructured: boolean,
    connect: (port: number) => Socket,
    onDropped: (dropped: Dropped) => void,
  ) {
    this.order = order;
    this.#isStructured = isStructured;
    this.#types = new Set(order.types);
    this.#delivery = deliveryTo(order.destination, connect);
    this.#onDropped = onDropped;
  }

  /** Nothing is left to be delivered. */
  get isSettled(): boolean {
    return this.#waiting.length === 0 && this.#sending === undefined;
  }

  add(event: TelemetryEvent): void {
    if (!this.#types.has(event.stream)) return;
    const text = rendered(event, this.order.schemaVersion, this.#isStructured);
    if (text === undefined) return;
    const { maxBytes, maxItems, timeoutMs } = this.order.buffering;
    const bytes = Buffer.byteLength(text);
    const isFull =
      this.#waiting.length >= WAITING_BATCHES * maxItems ||
      (this.#waiting.length > 0 && this.#waitingBytes + bytes > WAITING_BATCHES * maxBytes);
    if (isFull) return this.#drop([text], SLOW);
    this.#waiting.push(text);
    this.#waitingBytes += bytes;
    // Told when there is something to tell beside it: else one who takes nothing would be told of that for ever.
    const dropped = this.#dropped;
    this.#dropped = undefined;
    if (dropped) this.#onDropped(dropped);
    if (this.#isDue()) this.#pump();
    else this.#timer ??= setTimeout(() => void this.flush(), timeoutMs).unref();
  }

  /** Deliver what there is now. Resolves when nothing is left, delivered or dropped; or when it is suspended. */
  async flush(): Promise<void> {
    this.#isFlushing = true;
    this.#pump();
    while (this.#sending) await this.#sending;
  }

  /** The sandbox is about to freeze: a delivery that is under way breaks off, and begins again later. */
  suspend(): void {
    this.#isSuspended = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#abort.abort(new Error("suspended"));
  }

  resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#abort = new AbortController();
    if (this.#waiting.length > 0) void this.flush();
  }

  /** The subscriber is gone. */
  close(): void {
    this.suspend();
    this.#waiting = [];
    this.#delivery.close();
  }

  #isDue(): boolean {
    const { maxBytes, maxItems } = this.order.buffering;
    return this.#isFlushing || this.#waiting.length >= maxItems || this.#waitingBytes >= maxBytes;
  }

  #pump(): void {
    if (this.#sending || this.#isSuspended) return;
    if (this.#waiting.length === 0) {
      this.#isFlushing = false;
      return;
    }
    if (!this.#isDue()) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#deliver(this.#takeBatch()).then(() => {
      this.#sending = undefined;
      this.#pump();
    });
  }

  #takeBatch(): string[] {
    const { maxBytes, maxItems } = this.order.buffering;
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < maxItems && bytes < maxBytes) {
      bytes += Buffer.byteLength(this.#waiting[count] ?? "");
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Never rejects. */
  async #deliver(batch: string[]): Promise<void> {
    const { signal } = this.#abort;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#delivery.send(batch, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
      } catch (error) {
        if (signal.aborted) return this.#putBack(batch);
        if (attempt === TRIES) return this.#drop(batch, `could not send events: ${(error as Error).message}`);
        await pause(RETRY_MS * 2 ** attempt, signal);
        if (signal.aborted) return this.#putBack(batch);
      }
    }
  }

  #putBack(batch: readonly string[]): void {
    this.#waiting.unshift(...batch);
    this.#waitingBytes += bytesOf(batch);
  }

  #drop(batch: readonly string[], reason: string): void {
    const droppedBytes = bytesOf(batch) + (this.#dropped?.droppedBytes ?? 0);
    this.#dropped = { droppedBytes, droppedRecords: batch.length + (this.#dropped?.droppedRecords ?? 0), reason };
  }
}

function bytesOf(batch: readonly string[]): number {
  return batch.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

/** Ends early, too, when the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => {});
}
