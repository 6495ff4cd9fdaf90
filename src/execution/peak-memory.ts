/** The most memory that an environment has used. Reading a cgroup costs more than the rest of an invocation's bookkeeping. */
import type { Sandbox } from "./sandbox/sandbox.ts";

/** ms for which a reading is good enough: a peak only grows */
const GOOD_FOR_MS = 100;

export class PeakMemory {
  readonly #sandbox: Sandbox;
  readonly #limitMb: number;
  #peakMb = 1;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(sandbox: Sandbox, limitMb: number) {
    this.#sandbox = sandbox;
    this.#limitMb = limitMb;
  }

  /** MB, at least 1, at most the function's memory. */
  read(): number {
    const nowMs = performance.now();
    if (nowMs - this.#readMs > GOOD_FOR_MS) {
      this.#readMs = nowMs;
      this.#peakMb = Math.max(1, Math.min(this.#sandbox.peakMemoryMb(), this.#limitMb));
    }
    return this.#peakMb;
  }
}
