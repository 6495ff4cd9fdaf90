/**
 * Answers of quick functions come sooner than a sleeping thread wakes. For a moment after such a function got its event
 * the event loop looks again and again instead of going to sleep: a warm invocation then costs two wake-ups less, which is
 * most of what it waits for on a quiet machine. Costs nothing where the loop does not sleep anyway, and is not done for
 * functions that take longer, nor where there is no second core on which the function could run meanwhile.
 */
import { availableParallelism } from "node:os";

/** ms: the wait for an answer, and for the same caller's next request */
const LOOK_FOR_MS = 0.3;
/** ms of an environment's last invocation; what took longer is not waited for */
const QUICK_MS = 0.5;

export interface Loop {
  /** ms, with fractions */
  now(): number;
  /** Call this when the loop has looked for new arrivals once more. */
  again(callback: () => void): void;
}

export class Attention {
  readonly #loop: Loop;
  readonly #isAffordable: boolean;
  #untilMs = 0;
  #isLooking = false;
  readonly #look = (): void => {
    if (this.#loop.now() < this.#untilMs) this.#loop.again(this.#look);
    else this.#isLooking = false;
  };

  constructor(
    loop: Loop = { now: () => performance.now(), again: (callback) => void setImmediate(callback) },
    cores = availableParallelism(),
  ) {
    this.#loop = loop;
    this.#isAffordable = cores > 1;
  }

  /** An environment got an event. @param lastMs how long its last invocation took; undefined when it had none */
  pay(lastMs: number | undefined): void {
    if (lastMs === undefined || lastMs > QUICK_MS || !this.#isAffordable) return;
    this.#untilMs = this.#loop.now() + LOOK_FOR_MS;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#loop.again(this.#look);
  }
}
