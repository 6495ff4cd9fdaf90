/**
 * All execution environments of the region: gives an invocation an idle one of exactly its function version, or starts
 * one; takes them back, freezes them, and shuts down what is idle for long, outdated or in the way of others. Nothing
 * here is durable: after a restart there are no environments.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Log } from "../observability/log.ts";
import type { Environment, EnvironmentListener } from "./environment.ts";
import type { EnvironmentFactory } from "./environment-factory.ts";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";
import type { Placement } from "./placement.ts";
import { runIdentity } from "./run-identity.ts";
import { Semaphore } from "./semaphore.ts";

/** ms between an environment's last work and its freeze: the next invocation often comes sooner, and finds it thawed */
const FREEZE_AFTER_MS = 25;
const REAP_EVERY_MS = 1000;

export interface PoolOptions {
  readonly factory: EnvironmentFactory;
  readonly placement: Placement;
  readonly log: Log;
  readonly idleTimeoutMs: number;
  /** Cold starts at the same time: more only slow each other down. */
  readonly parallelStarts: number;
}

/** There is no room on this machine for another environment. */
export class NoRoomError extends Error {
  override readonly name = "NoRoomError";
}

interface Waiter {
  resolve(environment: Environment): void;
  reject(error: unknown): void;
}

/** The environments of one function version with one configuration and code. */
interface Fleet {
  readonly version: FunctionVersion;
  /** Most recently used last: it is taken first, so that the surplus ages and is reaped. */
  readonly idle: Environment[];
  readonly all: Set<Environment>;
  readonly waiters: Waiter[];
  starting: number;
  /** A newer configuration has taken its place: environments end when they come back. */
  retired: boolean;
}

export class EnvironmentPool implements EnvironmentListener {
  readonly #options: PoolOptions;
  readonly #starts: Semaphore;
  /** By run identity. */
  readonly #fleets = new Map<string, Fleet>();
  /** The same by the version object itself, which the catalog hands out again and again: no key to build on the hot path. */
  readonly #known = new WeakMap<FunctionVersion, Fleet>();
  readonly #live = new Set<Environment>();
  readonly #owner = new WeakMap<Environment, Fleet>();
  readonly #cooling: Environment[] = [];
  #freezeTimer: NodeJS.Timeout | undefined;
  readonly #reaper: NodeJS.Timeout;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#starts = new Semaphore(options.parallelStarts);
    this.#reaper = setInterval(() => this.#reap(), REAP_EVERY_MS);
    this.#reaper.unref();
  }

  /**
   * Run an invocation in an environment of that version, cold when none is idle.
   * @throws NoRoomError when the machine is full; a fault of ours when a sandbox cannot be made
   */
  async invoke(version: FunctionVersion, invocation: Invocation, wantsLogTail: boolean): Promise<Outcome> {
    const fleet = this.#fleetOf(version);
    const environment = fleet.idle.pop() ?? (await this.#startOrWait(fleet));
    return environment.invoke(invocation, wantsLogTail);
  }

  /**
   * The function changed or is gone: environments of versions that are no longer current finish what they run and are
   * never used again. (New invocations do not meet them anyhow: they ask for another identity.)
   * @param current answers the version as it is now
   */
  async retire(
    functionName: string,
    current: (version: string) => Promise<FunctionVersion | undefined>,
  ): Promise<void> {
    for (const [key, fleet] of this.#fleets) {
      if (fleet.version.functionName !== functionName) continue;
      const now = await current(fleet.version.version);
      if (now && runIdentity(now) === key) continue;
      fleet.retired = true;
      if (this.#fleets.get(key) === fleet) this.#fleets.delete(key);
      for (const environment of fleet.idle.splice(0)) void this.#end(fleet, environment);
    }
  }

  get size(): number {
    return this.#live.size;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reaper);
    clearTimeout(this.#freezeTimer);
    await Promise.all([...this.#live].map((environment) => this.#destroy(environment)));
  }

  onIdle(environment: Environment): void {
    const fleet = this.#owner.get(environment);
    if (!fleet) return;
    if (fleet.retired || this.#closed) return void this.#end(fleet, environment);
    const waiter = fleet.waiters.shift();
    if (waiter) return waiter.resolve(environment);
    fleet.idle.push(environment);
    this.#cooling.push(environment);
    this.#freezeTimer ??= setTimeout(() => this.#freezeIdle(), FREEZE_AFTER_MS);
  }

  onFault(environment: Environment, error: unknown): void {
    this.#options.log.error("sandbox fault", {
      environment: environment.id,
      function: environment.version.functionName,
      error,
    });
  }

  #fleetOf(version: FunctionVersion): Fleet {
    const known = this.#known.get(version);
    if (known && !known.retired) return known;
    const key = runIdentity(version);
    let fleet = this.#fleets.get(key);
    if (!fleet) {
      fleet = { version, idle: [], all: new Set(), waiters: [], starting: 0, retired: false };
      this.#fleets.set(key, fleet);
    }
    this.#known.set(version, fleet);
    return fleet;
  }

  /** Whichever comes first: a new environment, or one that another invocation gives back. */
  #startOrWait(fleet: Fleet): Promise<Environment> {
    return new Promise((resolve, reject) => {
      fleet.waiters.push({ resolve, reject });
      if (fleet.starting < fleet.waiters.length) void this.#start(fleet);
    });
  }

  async #start(fleet: Fleet): Promise<void> {
    fleet.starting++;
    let environment: Environment | undefined;
    try {
      await this.#starts.acquire();
      try {
        if (fleet.waiters.length === 0 || this.#closed) return;
        await this.#makeRoom(fleet.version);
        environment = await this.#options.factory.create(fleet.version, this);
        fleet.all.add(environment);
        this.#live.add(environment);
        this.#owner.set(environment, fleet);
        await environment.init();
      } finally {
        this.#starts.release();
      }
    } catch (error) {
      fleet.waiters.shift()?.reject(error);
      if (environment) void this.#end(fleet, environment);
      environment = undefined;
    } finally {
      fleet.starting--;
    }
    if (environment) this.onIdle(environment);
  }

  async #makeRoom(version: FunctionVersion): Promise<void> {
    const { placement } = this.#options;
    while (!placement.hasRoom(version.memoryMb)) {
      const victim = this.#longestIdle();
      if (!victim) throw new NoRoomError("no memory is left on this machine for another execution environment");
      victim.fleet.idle.splice(victim.fleet.idle.indexOf(victim.environment), 1);
      await this.#end(victim.fleet, victim.environment);
    }
  }

  #longestIdle(): { fleet: Fleet; environment: Environment } | undefined {
    let oldest: { fleet: Fleet; environment: Environment } | undefined;
    for (const fleet of this.#fleets.values()) {
      const environment = fleet.idle[0];
      if (environment && !(oldest && oldest.environment.idleSinceMs <= environment.idleSinceMs)) {
        oldest = { fleet, environment };
      }
    }
    return oldest;
  }

  #freezeIdle(): void {
    this.#freezeTimer = undefined;
    const nowMs = performance.now();
    const warm = this.#cooling.splice(0).filter((environment) => {
      const fleet = this.#owner.get(environment);
      if (!fleet?.idle.includes(environment)) return false;
      if (nowMs - environment.idleSinceMs < FREEZE_AFTER_MS) return true;
      environment.freeze();
      return false;
    });
    this.#cooling.push(...new Set(warm));
    if (this.#cooling.length > 0) this.#freezeTimer = setTimeout(() => this.#freezeIdle(), FREEZE_AFTER_MS);
  }

  #reap(): void {
    const limit = performance.now() - this.#options.idleTimeoutMs;
    for (const [key, fleet] of this.#fleets) {
      while (fleet.idle[0] && fleet.idle[0].idleSinceMs < limit) {
        void this.#end(fleet, fleet.idle.shift() as Environment);
      }
      if (fleet.all.size === 0 && fleet.starting === 0 && fleet.waiters.length === 0) {
        fleet.retired = true;
        this.#fleets.delete(key);
      }
    }
  }

  async #end(fleet: Fleet, environment: Environment): Promise<void> {
    fleet.all.delete(environment);
    await this.#destroy(environment);
  }

  async #destroy(environment: Environment): Promise<void> {
    this.#owner.delete(environment);
    await environment.destroy();
    this.#live.delete(environment);
  }
}
