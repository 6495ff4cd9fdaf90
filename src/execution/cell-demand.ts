/**
 * How many cells of one kind are worth having: as many as there are functions that were deployed a moment ago and have not
 * run yet, or as many as a renewed rush would take; one as long as the kind is in use at all.
 */

/** ms during which a function that was just deployed is expected to run for the first time */
const EXPECTED_MS = 120_000;
/** ms that a cold start is remembered as a sign of further ones, and the share of them that is kept ready for */
const RECENT_MS = 60_000;
const RECENT_SHARE = 1 / 4;
/** ms after the last sign of use */
const FORGOTTEN_MS = 30 * 60_000;
/** More are not counted. */
const MOST = 1000;

export class CellDemand {
  /** When each function stops being expected, by its ARN, soonest first. */
  readonly #expected = new Map<string, number>();
  /** When each of the last cold starts was, oldest first. */
  #recent: number[] = [];
  #lastSignMs: number;

  /** All times are those of one clock, in ms. */
  constructor(nowMs: number) {
    this.#lastSignMs = nowMs;
  }

  get lastSignMs(): number {
    return this.#lastSignMs;
  }

  /** A function will probably start soon. */
  expect(functionArn: string, nowMs: number): void {
    this.#lastSignMs = nowMs;
    this.#expected.delete(functionArn);
    if (this.#expected.size < MOST) this.#expected.set(functionArn, nowMs + EXPECTED_MS);
  }

  /** A function starts. */
  started(functionArn: string, nowMs: number): void {
    this.#lastSignMs = nowMs;
    this.#expected.delete(functionArn);
    if (this.#recent.length < MOST) this.#recent.push(nowMs);
  }

  wanted(nowMs: number): number {
    for (const [functionArn, untilMs] of this.#expected) {
      if (untilMs > nowMs) break;
      this.#expected.delete(functionArn);
    }
    while ((this.#recent[0] ?? nowMs) <= nowMs - RECENT_MS) this.#recent.shift();
    const rush = Math.ceil(this.#recent.length * RECENT_SHARE);
    return Math.max(this.isForgotten(nowMs) ? 0 : 1, this.#expected.size, rush);
  }

  isForgotten(nowMs: number): boolean {
    return nowMs - this.#lastSignMs > FORGOTTEN_MS;
  }
}
