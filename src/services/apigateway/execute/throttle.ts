/** How often a route or method of a stage may be called. Begins anew whenever anything of its API changes. */
import { TokenBucket } from "../../../invocation/token-bucket.ts";

/** AWS's of an account, for the half of a limit that is not given. */
const ACCOUNT_RATE = 10_000;
const ACCOUNT_BURST = 5_000;

export class Throttle {
  readonly #burst: number;
  readonly #perSecond: number;
  #bucket: TokenBucket | undefined;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** Counts the call that it lets through. */
  admits(nowMs: number): boolean {
    // As in AWS nothing gets through a limit of nothing.
    if (this.#burst < 1 || this.#perSecond <= 0) return false;
    this.#bucket ??= new TokenBucket(this.#burst, this.#perSecond, nowMs);
    if (this.#bucket.waitMs(nowMs) > 0) return false;
    this.#bucket.take();
    return true;
  }
}

/** @param burst calls at once @param perSecond calls; less than 0 of either: there is no limit */
export function throttleOf(burst: number | undefined, perSecond: number | undefined): Throttle | undefined {
  if (burst === undefined && perSecond === undefined) return undefined;
  const [most, rate] = [burst ?? ACCOUNT_BURST, perSecond ?? ACCOUNT_RATE];
  return most < 0 || rate < 0 ? undefined : new Throttle(most, rate);
}
