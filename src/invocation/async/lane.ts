/**
 * How much of one lane runs at a time: a window that grows with success, and that shrinks under congestion to what there
 * is room for. So a throttled function with a long queue uses what it may, and asks for more once in a while instead of
 * cycling through all of its queue.
 */

const FIRST_WINDOW = 10;
/** ms between two tries of a congested lane to have more at a time */
const PROBE_MS = 1000;

export class Lane {
  readonly #width: number;
  #window: number;
  #inFlight = 0;
  /** Unix ms */
  pausedUntilMs = 0;
  /** Entries are being claimed: what they are is not known yet. */
  isClaiming = false;
  /** Unix ms; 0 until it was congested. */
  #growsFromMs = 0;

  /** @param width the most entries at a time */
  constructor(width: number) {
    this.#width = width;
    this.#window = Math.min(FIRST_WINDOW, width);
  }

  get room(): number {
    return this.#window - this.#inFlight;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && !this.isClaiming;
  }

  started(): void {
    this.#inFlight += 1;
  }

  /** One of those in flight ended by a fault of ours. */
  failed(): void {
    this.#inFlight -= 1;
  }

  /** One of those in flight has ended well. */
  succeeded(nowMs: number): void {
    this.#inFlight -= 1;
    if (nowMs < this.#growsFromMs) return;
    if (this.#growsFromMs === 0) this.#grow(1);
    else {
      this.#grow(Math.ceil(this.#window / 2));
      this.#growsFromMs = nowMs + PROBE_MS;
    }
  }

  /** One of those in flight found no room. */
  congested(nowMs: number): void {
    this.#inFlight -= 1;
    this.#window = Math.max(1, Math.min(this.#window, this.#inFlight));
    this.#growsFromMs = nowMs + PROBE_MS;
    // With others in flight, the end of one of them makes room.
    if (this.#inFlight === 0) this.pausedUntilMs = nowMs + PROBE_MS;
  }

  #grow(by: number): void {
    this.#window = Math.min(this.#window + by, this.#width);
  }
}
