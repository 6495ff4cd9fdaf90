/** What authorizers have decided, for as long as their owners let it be remembered. */
import type { Clock } from "../../../state/clock.ts";

/** Anyone may send ever new tokens: beyond this the oldest are forgotten. */
const MOST = 10_000;

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

export class DecisionCache<T> {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (kept.untilMs > this.#clock.now()) return kept.value;
    this.#kept.delete(key);
    return undefined;
  }

  keep(key: string, value: T, seconds: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, untilMs: this.#clock.now() + seconds * 1000 });
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value as string);
  }

  /** Forget all whose keys begin so: an API's. */
  forget(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}
