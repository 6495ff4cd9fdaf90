/**
 * How much of one lane runs at a time: a window that grows with success and shrinks under congestion, so that a
 * throttled function with a long queue asks once in a while instead of cycling through all of it.
 */

const FIRST_WINDOW = 10;
/** ms without new entries after one found no room */
const PAUSE_MS = 1000;

export class Lane {
  readonly #width: number;
  #window: number;
  inFlight = 0;
  /** Unix ms */
  pausedUntilMs = 0;
  /** Entries are being claimed: what they are is not known yet. */
  isClaiming = false;

  /** @param width the most entries at a time */
  constructor(width: number) {
    this.#width = width;
    this.#window = Math.min(FIRST_WINDOW, width);
  }

  get room(): number {
    return this.#window - this.inFlight;
  }

  get isIdle(): boolean {
    return this.inFlight === 0 && !this.isClaiming;
  }

  succeeded(): void {
    this.#window = Math.min(this.#window + 1, this.#width);
  }

  congested(nowMs: number): void {
    this.#window = Math.max(1, Math.floor(Math.min(this.#window, this.inFlight) / 2));
    this.pausedUntilMs = nowMs + PAUSE_MS;
  }
}
