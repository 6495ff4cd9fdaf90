/** A rate that allows bursts: tokens drip into a bucket of limited size, and each use takes one out. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #filledMs: number;

  /**
   * Full at first.
   * @param capacity tokens
   * @param perSecond tokens that drip in, above 0
   */
  constructor(capacity: number, perSecond: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perMs = perSecond / 1000;
    this.#tokens = capacity;
    this.#filledMs = nowMs;
  }

  /** ms until there is a token: 0 when there is one now. */
  waitMs(nowMs: number): number {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledMs) * this.#perMs);
    this.#filledMs = nowMs;
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#perMs;
  }

  /** Only after waitMs() said 0 for the same moment. */
  take(): void {
    this.#tokens--;
  }
}
