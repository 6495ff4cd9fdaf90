/**
 * Callers who wait come before events that wait in the queue anyway. While callers keep the region's thread full, events
 * are taken out of the queue a few at a time; as soon as nobody asks for more than there is, as fast as they run.
 */
import { performance } from "node:perf_hooks";
import { FULL_LOOP, loopUse } from "../execution/loop-use.ts";

const MEASURE_EVERY_MS = 100;
/** Callers within that time; fewer do not fill a thread, whatever else does. */
const MANY = 50;
/** Events that are taken out within a turn, while callers press. */
const FEW = 2;
export const TURN_MS = 5;

export class Precedence implements Disposable {
  readonly #loop: () => number;
  readonly #now: () => number;
  readonly #measuring: NodeJS.Timeout;
  #arrivals = 0;
  #isPressed = false;
  #turnEndsMs = 0;
  #taken = 0;

  /**
   * @param loop share of the event loop that was in use since it was last asked, 0..1; for tests
   * @param now ms, with fractions; for tests
   */
  constructor(loop: () => number = loopUse(), now: () => number = () => performance.now()) {
    this.#loop = loop;
    this.#now = now;
    this.#measuring = setInterval(() => this.measure(), MEASURE_EVERY_MS);
    this.#measuring.unref();
  }

  /** A caller came who waits for the region: for an answer, or to hear that the event is accepted. */
  arrived(): void {
    this.#arrivals += 1;
  }

  measure(): void {
    this.#isPressed = this.#loop() > FULL_LOOP && this.#arrivals >= MANY;
    this.#arrivals = 0;
  }

  /** So many events may be taken out of the queue now. */
  get room(): number {
    if (!this.#isPressed) return Number.POSITIVE_INFINITY;
    return this.#now() < this.#turnEndsMs ? FEW - this.#taken : FEW;
  }

  took(events: number): void {
    const now = this.#now();
    if (now >= this.#turnEndsMs) {
      this.#turnEndsMs = now + TURN_MS;
      this.#taken = 0;
    }
    this.#taken += events;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#measuring);
  }
}
