/** Places for batches that run at the same time. There are more or fewer of them as the scale says. */
import type { ConcurrencyScale } from "./concurrency-scale.ts";

/** How often it is looked whether the scale has grown, while all places are taken and somebody wants one. */
const GROW_EVERY_MS = 200;

export class Slots {
  readonly #scale: ConcurrencyScale;
  readonly #now: () => number;
  #taken = 0;
  #wake: (() => void) | undefined;

  /** @param now for tests */
  constructor(scale: ConcurrencyScale, now: () => number = () => performance.now()) {
    this.#scale = scale;
    this.#now = now;
  }

  get taken(): number {
    return this.#taken;
  }

  /** One at a time asks. @returns false when the signal fired before there was one */
  async take(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.#taken < this.#scale.limit(this.#now())) {
        this.#taken += 1;
        return true;
      }
      this.#scale.pressed(this.#now());
      await this.#change(signal);
    }
    return false;
  }

  release(): void {
    this.#taken -= 1;
    this.#wake?.();
  }

  throttled(): void {
    this.#scale.throttled(this.#now());
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, GROW_EVERY_MS);
      signal.addEventListener("abort", wake);
      this.#wake = wake;
    });
  }
}
