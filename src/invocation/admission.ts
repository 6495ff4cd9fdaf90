/**
 * May this invocation run now? Counts concurrent executions, exactly: every enter() that returns is followed by one
 * leave(), whatever becomes of the invocation, and a refusal changes nothing. Functions with reserved concurrency have
 * a pool of their own, all others share what is left of the account's; provisioned concurrency is set aside from either.
 * Two rates bind besides: requests, and growth by new environments (contract/01, Scaling model).
 */
import { type FunctionLimits, FunctionLoad } from "./function-load.ts";
import { throttled } from "./throttling.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Where an invocation would run: in a provisioned environment, in one that is idle, or in one yet to be started. */
export type Demand = "provisioned" | "warm" | "cold";

export interface AdmissionOptions {
  /** Concurrent executions of the account. */
  readonly accountConcurrency: number;
  /** Requests a second for each unit of concurrency. */
  readonly requestRate: number;
  /** Environments that each function may start in 10 s. */
  readonly scalingRate: number;
  /** ms of any monotonous clock */
  readonly now?: () => number;
}

const SCALING_PERIOD_SECONDS = 10;

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #now: () => number;
  readonly #loads = new Map<string, FunctionLoad>();
  /** Requests of all functions without reserved concurrency. */
  readonly #requests: TokenBucket;
  /** Executions of the account. */
  #running = 0;
  /** Those on demand of functions without reserved concurrency. */
  #unreservedRunning = 0;
  /** What functions have reserved or provisioned. */
  #claimed = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#requests = this.#requestBucket(options.accountConcurrency);
  }

  /**
   * @param isRated false for events that were accepted before: the rate of requests does not bind them
   * @returns to be given to leave()
   * @throws InvokeRefusal 429
   */
  enter(functionName: string, demand: Demand, isRated: boolean): FunctionLoad {
    const load = this.#loads.get(functionName) ?? this.#open(functionName);
    this.#requireConcurrency(load, demand);
    const nowMs = isRated || demand === "cold" ? this.#now() : 0;
    const requests = isRated ? (load.requests ?? this.#requests) : undefined;
    const requestWaitMs = requests?.waitMs(nowMs) ?? 0;
    if (requestWaitMs > 0) {
      const isReserved = load.limits.reserved !== undefined;
      throw throttled(
        isReserved ? "ReservedFunctionInvocationRateLimitExceeded" : "FunctionInvocationRateLimitExceeded",
        requestWaitMs,
      );
    }
    if (demand === "cold") this.#grow(load, nowMs);
    requests?.take();
    load.isGone = false;
    this.#running++;
    if (demand === "provisioned") load.provisioned++;
    else {
      load.onDemand++;
      if (load.limits.reserved === undefined) this.#unreservedRunning++;
    }
    return load;
  }

  /** @param demand as it was given to enter() */
  leave(load: FunctionLoad, demand: Demand): void {
    this.#running--;
    if (demand === "provisioned") load.provisioned--;
    else {
      load.onDemand--;
      if (load.limits.reserved === undefined) this.#unreservedRunning--;
    }
    if (load.isGone && load.running === 0) this.#loads.delete(load.functionName);
  }

  /** The owner set other limits: they hold from the next enter() on; what runs goes on, and counts where it now belongs. */
  setLimits(functionName: string, limits: FunctionLimits): void {
    const { reserved, provisioned } = limits;
    const known = this.#loads.get(functionName);
    // Most functions have none and are not running.
    if (!known && reserved === undefined && provisioned === 0) return;
    const load = known ?? this.#open(functionName);
    if (load.limits.reserved === undefined) this.#unreservedRunning -= load.onDemand;
    if (reserved === undefined) this.#unreservedRunning += load.onDemand;
    if (reserved !== load.limits.reserved) load.requests = reserved ? this.#requestBucket(reserved) : undefined;
    this.#claimed -= load.claim;
    load.limits = limits;
    this.#claimed += load.claim;
    load.isGone = false;
  }

  /** The function was deleted. */
  forget(functionName: string): void {
    const load = this.#loads.get(functionName);
    if (!load) return;
    this.setLimits(functionName, { provisioned: 0 });
    load.isGone = true;
    if (load.running === 0) this.#loads.delete(functionName);
  }

  /** Reserved concurrency of 0: no invocation is let in until that is changed. */
  isSwitchedOff(functionName: string): boolean {
    return this.#loads.get(functionName)?.limits.reserved === 0;
  }

  /** Executions now, of one function or of the account. */
  running(functionName?: string): number {
    return functionName === undefined ? this.#running : (this.#loads.get(functionName)?.running ?? 0);
  }

  #requireConcurrency(load: FunctionLoad, demand: Demand): void {
    const { reserved, provisioned } = load.limits;
    if (reserved !== undefined) {
      const hasPlace = load.running < reserved && (demand === "provisioned" || load.onDemand < reserved - provisioned);
      if (!hasPlace) throw throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
    } else if (demand !== "provisioned" && this.#unreservedRunning >= this.#unreserved) {
      throw throttled("ConcurrentInvocationLimitExceeded");
    }
    // Only after limits were lowered below what runs is this more than the sum of the others.
    if (this.#running >= this.#options.accountConcurrency) throw throttled("ConcurrentInvocationLimitExceeded");
  }

  get #unreserved(): number {
    return this.#options.accountConcurrency - this.#claimed;
  }

  /** AWS documents the rate, but no reason of its own for it: it is told as the concurrency that cannot be had yet. */
  #grow(load: FunctionLoad, nowMs: number): void {
    const { scalingRate } = this.#options;
    load.growth ??= new TokenBucket(scalingRate, scalingRate / SCALING_PERIOD_SECONDS, nowMs);
    const waitMs = load.growth.waitMs(nowMs);
    if (waitMs === 0) return load.growth.take();
    const isReserved = load.limits.reserved !== undefined;
    throw throttled(
      isReserved ? "ReservedFunctionConcurrentInvocationLimitExceeded" : "ConcurrentInvocationLimitExceeded",
      waitMs,
    );
  }

  #requestBucket(concurrency: number): TokenBucket {
    const perSecond = concurrency * this.#options.requestRate;
    return new TokenBucket(perSecond, perSecond, this.#now());
  }

  #open(functionName: string): FunctionLoad {
    const load = new FunctionLoad(functionName);
    this.#loads.set(functionName, load);
    return load;
  }
}
