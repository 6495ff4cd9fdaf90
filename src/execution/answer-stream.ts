/**
 * A streamed answer on its way from the runtime to the invocation's sink: as fast as Lambda lets it and the sink takes
 * it, up to the most that may be streamed. Holds nothing: whoever writes waits.
 */
import type { ResponseHead, ResponseSink } from "./response-sink.ts";

/** bytes (contract/01 §7) */
export const MAX_STREAMED_BYTES = 200 * 1024 * 1024;
/** bytes that go as fast as they can, before the rate counts (contract/02 §1) */
const BURST_BYTES = 6 * 1024 * 1024;

export class AnswerStream {
  readonly #sink: ResponseSink;
  readonly #head: ResponseHead;
  readonly #bytesPerSecond: number;
  readonly #now: () => number;
  #onReady: () => void = () => {};
  #isStarted = false;
  #isClosed = false;
  #isSinkFull = false;
  #sent = 0;
  /** Bytes that may be sent at once; negative when more have been. */
  #allowance = BURST_BYTES;
  #allowedAtMs: number;
  #pause: NodeJS.Timeout | undefined;

  /**
   * @param bytesPerSecond after the first 6 MB; Infinity is no limit
   * @param now milliseconds of a clock that never goes back; for tests
   */
  constructor(
    sink: ResponseSink,
    head: ResponseHead,
    bytesPerSecond: number,
    now: () => number = () => performance.now(),
  ) {
    this.#sink = sink;
    this.#head = head;
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
    this.#allowedAtMs = now();
    sink.onDrain(() => {
      this.#isSinkFull = false;
      this.#tellReady();
    });
  }

  /** Register the one listener that is called when a writer need not wait any more. */
  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  /** Bytes so far. */
  get sentBytes(): number {
    return this.#sent;
  }

  /** One more of that many bytes would be too much. */
  wouldOverflow(bytes: number): boolean {
    return this.#sent + bytes > MAX_STREAMED_BYTES;
  }

  /**
   * @param onDone called when nobody needs the chunk any more, if that is known
   * @returns false when the next must wait until it is told to be ready
   */
  write(chunk: Buffer, onDone?: () => void): boolean {
    if (this.#isClosed) return true;
    this.#start();
    this.#sent += chunk.length;
    this.#isSinkFull = !this.#sink.write(chunk, onDone) && !this.#sink.isClosed;
    const waitMs = this.#spend(chunk.length);
    if (waitMs > 0) {
      this.#pause = setTimeout(() => {
        this.#pause = undefined;
        this.#tellReady();
      }, waitMs);
    }
    return this.#isReady();
  }

  /** The answer ended well: one without a byte has a head all the same. */
  finish(): void {
    if (!this.#isClosed) this.#start();
    this.close();
  }

  /** The invocation is over: whatever still comes is dropped. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#isSinkFull = false;
    this.#onReady();
    this.#onReady = () => {};
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#sink.start(this.#head);
  }

  /** @returns ms until as much may be sent again as was sent too much */
  #spend(bytes: number): number {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return 0;
    const nowMs = this.#now();
    const earned = ((nowMs - this.#allowedAtMs) * this.#bytesPerSecond) / 1000;
    this.#allowance = Math.min(BURST_BYTES, this.#allowance + earned) - bytes;
    this.#allowedAtMs = nowMs;
    return this.#allowance >= 0 ? 0 : Math.ceil((-this.#allowance * 1000) / this.#bytesPerSecond);
  }

  #isReady(): boolean {
    return this.#pause === undefined && !this.#isSinkFull;
  }

  #tellReady(): void {
    if (this.#isReady()) this.#onReady();
  }
}

/** An answer that is whole already goes to the sink in one piece. */
export function sendWhole(sink: ResponseSink, body: Buffer, executedVersion: string): void {
  sink.start({ contentType: "application/json", isStreamed: false, executedVersion });
  sink.write(body);
}
