/**
 * How many batches of one mapping may run at the same time: a few at first, more and more while all of them are in use,
 * few again when it was quiet, and fewer when the function is throttled (contract/04 §2).
 */

/** A pressed scale that is not pressed again within this time was not under load in between. */
const LOAD_MS = 1000;
const QUIET_MS = 60_000;

export interface ScaleOptions {
  readonly first: number;
  readonly most: number;
  readonly perMinute: number;
}

export class ConcurrencyScale {
  readonly #options: ScaleOptions;
  #limit: number;
  #pressedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ScaleOptions) {
    this.#options = options;
    this.#limit = Math.min(options.first, options.most);
  }

  /** @param nowMs milliseconds, of any clock that only goes forward */
  limit(nowMs: number): number {
    const { first, most } = this.#options;
    if (nowMs - this.#pressedMs > QUIET_MS) this.#limit = Math.min(first, most);
    return Math.floor(this.#limit);
  }

  /** All that may run are running, and there is more to do. */
  pressed(nowMs: number): void {
    const { most, perMinute } = this.#options;
    const loadMs = nowMs - this.#pressedMs;
    if (loadMs <= LOAD_MS) this.#limit = Math.min(most, this.#limit + (loadMs / 60_000) * perMinute);
    this.#pressedMs = nowMs;
  }

  throttled(nowMs: number): void {
    this.#limit = Math.max(1, this.#limit / 2);
    this.#pressedMs = nowMs;
  }
}
