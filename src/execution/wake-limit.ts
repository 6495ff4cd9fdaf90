/**
 * When the region's own core is full, waking one more process does not make anything sooner: it only takes the others'
 * turn and their caches. Then an invocation waits for an environment that is about to be done rather than wake an idle
 * one, so that few environments run without pause instead of many in turns. What has run for a while does not count as
 * about to be done, and a region with time to spare never waits.
 */
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import type { Environment } from "./environment.ts";
import { FULL_LOOP, loopUse } from "./loop-use.ts";

const MEASURE_EVERY_MS = 100;
/** An invocation that has run this long may run much longer: nobody waits for it. */
const SOON_MS = 5;

/** What is asked of an environment here. */
type Occupied = Pick<Environment, "runningSinceMs">;

/** The environments of one kind, and who waits for one. */
interface Waitable<E extends Occupied> {
  readonly idle: E[];
  readonly all: ReadonlySet<E>;
  readonly waiters: { resolve(environment: E): void; reject(error: unknown): void }[];
}

export class WakeLimit<E extends Occupied, F extends Waitable<E>> {
  readonly #atOnce = 2 * availableParallelism();
  readonly #loop: () => number;
  readonly #onShortage: (fleet: F) => void;
  readonly #measuring: NodeJS.Timeout;
  readonly #waiting = new Map<F, { stuck: number }>();
  #isFull = false;
  #checking: NodeJS.Timeout | undefined;

  /**
   * @param onShortage all environments of a fleet are busy, or gone, and somebody has waited a while
   * @param loop share of the event loop that was in use since it was last asked, 0..1; for tests
   */
  constructor(onShortage: (fleet: F) => void, loop: () => number = loopUse()) {
    this.#onShortage = onShortage;
    this.#loop = loop;
    this.#measuring = setInterval(() => this.measure(), MEASURE_EVERY_MS);
    this.#measuring.unref();
  }

  measure(): void {
    this.#isFull = this.#loop() > FULL_LOOP;
  }

  /** Should an invocation wait for a busy environment although there are idle ones? */
  isReached(fleet: F): boolean {
    if (!this.#isFull || fleet.idle.length === 0) return false;
    const stuck = this.#waiting.get(fleet)?.stuck ?? 0;
    return fleet.all.size - fleet.idle.length - stuck >= this.#atOnce;
  }

  /** Somebody was told to wait: see to it that it is not for long. */
  watch(fleet: F): void {
    if (!this.#waiting.has(fleet)) this.#waiting.set(fleet, { stuck: 0 });
    this.#checking ??= setTimeout(() => this.check(), SOON_MS);
  }

  /** Give idle environments to those who wait in vain. */
  check(): void {
    this.#checking = undefined;
    const since = performance.now() - SOON_MS;
    for (const [fleet, state] of this.#waiting) {
      state.stuck = 0;
      for (const { runningSinceMs } of fleet.all)
        if (runningSinceMs !== undefined && runningSinceMs < since) state.stuck++;
      while (fleet.waiters.length > 0 && fleet.idle.length > 0 && !this.isReached(fleet)) {
        fleet.waiters.shift()?.resolve(fleet.idle.pop() as E);
      }
      if (fleet.waiters.length === 0) this.#waiting.delete(fleet);
      else if (fleet.idle.length === 0) this.#onShortage(fleet);
    }
    if (this.#waiting.size > 0) this.#checking = setTimeout(() => this.check(), SOON_MS);
  }

  close(error: unknown): void {
    clearInterval(this.#measuring);
    clearTimeout(this.#checking);
    for (const fleet of this.#waiting.keys()) for (const { reject } of fleet.waiters.splice(0)) reject(error);
  }
}
