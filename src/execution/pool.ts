/**
 * All execution environments of the region: gives an invocation an idle one of exactly its function version, or starts
 * one; takes them back, freezes them, and shuts down what is idle for long, outdated or in the way of others. Nothing
 * here is durable: after a restart there are no environments.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Log } from "../observability/log.ts";
import { Attention } from "./attention.ts";
import type { Environment, EnvironmentListener } from "./environment.ts";
import { EnvironmentStarts, NoRoomError, type StartsOptions } from "./environment-starts.ts";
import { type Fleet, newFleet } from "./fleet.ts";
import { Freezer } from "./freezer.ts";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";
import { ProvisionedEnvironments } from "./provisioned-environments.ts";
import { runIdentity } from "./run-identity.ts";
import { WakeLimit } from "./wake-limit.ts";

const REAP_EVERY_MS = 1000;
/** ms after which an environment is not used any more: well before its credentials expire */
const MAX_AGE_MS = 6 * 3600 * 1000;

export { NoRoomError } from "./environment-starts.ts";

export interface PoolOptions extends StartsOptions {
  readonly log: Log;
  readonly idleTimeoutMs: number;
  /** A provisioned environment was initialised. */
  readonly onProvisionedInit?: (version: FunctionVersion, initMs: number) => void;
}

interface Membership {
  readonly fleet: Fleet;
  /** Unix ms, as its credentials count. */
  readonly bornMs: number;
  /** Its sandbox failed: it may finish what it runs, and is never used again. */
  failed: boolean;
}

export class EnvironmentPool implements EnvironmentListener {
  /** Those that are kept ready ahead; invocations go there first. */
  readonly provisioned: ProvisionedEnvironments;
  readonly #options: PoolOptions;
  readonly #starts: EnvironmentStarts;
  /** By run identity and tenant. */
  readonly #fleets = new Map<string, Fleet>();
  /** Those without a tenant by the version object itself, which the catalog hands out again and again: no key to build on the hot path. */
  readonly #known = new WeakMap<FunctionVersion, Fleet>();
  readonly #live = new Set<Environment>();
  readonly #members = new WeakMap<Environment, Membership>();
  readonly #underway = new Set<Promise<void>>();
  readonly #freezer = new Freezer((environment) => this.#isIdle(environment));
  readonly #attention = new Attention();
  readonly #wakes = new WakeLimit<Environment, Fleet>((fleet) => this.#startWanted(fleet));
  readonly #reaper: NodeJS.Timeout;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#starts = new EnvironmentStarts(options, () => this.#giveWay());
    this.provisioned = new ProvisionedEnvironments({
      starts: this.#starts,
      log: options.log,
      maxAgeMs: MAX_AGE_MS,
      ...(options.onProvisionedInit && { onInit: options.onProvisionedInit }),
    });
    this.#reaper = setInterval(() => this.#reap(), REAP_EVERY_MS);
    this.#reaper.unref();
  }

  /**
   * Run an invocation in an environment of that version, cold when none is idle.
   * @throws NoRoomError when the machine is full; a fault of ours when a sandbox cannot be made
   */
  async invoke(version: FunctionVersion, invocation: Invocation, wantsLogTail: boolean): Promise<Outcome> {
    if (this.#closed) throw closing();
    const provisioned = this.provisioned.serving(version);
    // Not awaited where there is none: an idle environment is to be taken in this turn.
    const outcome = provisioned && (await provisioned.invoke(invocation, wantsLogTail));
    if (outcome) return outcome;
    const fleet = this.#fleetOf(version, invocation.tenantId);
    const environment = this.#wakes.isReached(fleet)
      ? await this.#waitForBusy(fleet)
      : (fleet.idle.pop() ?? (await this.#startOrWait(fleet)));
    const outcomeToCome = environment.invoke(invocation, wantsLogTail);
    this.#attention.pay(environment.lastMs);
    return outcomeToCome;
  }

  /** Whether invoke() would now find a provisioned environment, another that is idle, or start one. */
  demand(version: FunctionVersion, tenantId?: string): "provisioned" | "warm" | "cold" {
    if (this.provisioned.serving(version)) return "provisioned";
    const fleet = this.#fleetOf(version, tenantId);
    return fleet.idle.length > 0 || fleet.starting > fleet.waiters.length ? "warm" : "cold";
  }

  /**
   * The function changed or is gone: environments of versions that are no longer current finish what they run and what
   * waits for them, and are never used again. (New invocations do not meet them anyhow: they ask for another identity.)
   * @param current answers the version as it is now
   */
  async retire(
    functionName: string,
    current: (version: string) => Promise<FunctionVersion | undefined>,
  ): Promise<void> {
    for (const [key, fleet] of this.#fleets) {
      if (fleet.version.functionName !== functionName) continue;
      const now = await current(fleet.version.version);
      if (now && runIdentity(now) === fleet.identity) continue;
      fleet.retired = true;
      if (this.#fleets.get(key) === fleet) this.#fleets.delete(key);
      for (const environment of fleet.idle.splice(0)) void this.#end(fleet, environment);
    }
  }

  /** Every environment there is, with whether it is provisioned. */
  *all(): Generator<[Environment, boolean]> {
    for (const environment of this.#live) yield [environment, false];
    for (const environment of this.provisioned.all()) yield [environment, true];
  }

  /** It is not used again. @param atOnce what runs in it is broken off; otherwise it may finish that */
  dismiss(environment: Environment, atOnce: boolean): void {
    const member = this.#members.get(environment);
    if (!member) return this.provisioned.dismiss(environment, atOnce);
    const { idle } = member.fleet;
    const place = idle.indexOf(environment);
    if (place >= 0) idle.splice(place, 1);
    if (place >= 0 || atOnce) void this.#end(member.fleet, environment);
    // One that is still in its init is as cold as can be.
    else if (environment.state !== "init") member.failed = true;
  }

  get size(): number {
    return this.#live.size + this.provisioned.size;
  }

  /** Nothing of it is left when this resolves, what was just starting included. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const fleet of this.#fleets.values()) for (const { reject } of fleet.waiters.splice(0)) reject(closing());
    clearInterval(this.#reaper);
    this.#freezer.close();
    this.#wakes.close(closing());
    await this.provisioned.close();
    await Promise.all([...this.#live].map((environment) => this.#destroy(environment)));
    await Promise.all(this.#underway);
  }

  onIdle(environment: Environment): void {
    const member = this.#members.get(environment);
    if (!member) return;
    const { fleet } = member;
    if (this.#closed || member.failed || isOld(member)) {
      void this.#end(fleet, environment);
      return this.#startWanted(fleet);
    }
    const waiter = fleet.waiters.shift();
    if (waiter) return waiter.resolve(environment);
    if (fleet.retired) return void this.#end(fleet, environment);
    fleet.idle.push(environment);
    this.#freezer.cool(environment);
  }

  /** It stays: the next invocation starts the runtime again. */
  onRuntimeExit(): void {}

  onFault(environment: Environment, error: unknown): void {
    this.#options.log.error("sandbox fault", {
      environment: environment.id,
      function: environment.version.functionName,
      error,
    });
    const member = this.#members.get(environment);
    if (!member) return;
    member.failed = true;
    const place = member.fleet.idle.indexOf(environment);
    if (place < 0) return;
    member.fleet.idle.splice(place, 1);
    void this.#end(member.fleet, environment);
  }

  #fleetOf(version: FunctionVersion, tenantId: string | undefined): Fleet {
    if (tenantId !== undefined) return this.#tenantFleet(version, tenantId);
    const known = this.#known.get(version);
    if (known && !known.retired) return known;
    const identity = runIdentity(version);
    const fleet = this.#fleetBy(identity, version, identity);
    this.#known.set(version, fleet);
    return fleet;
  }

  /** Environments never meet two tenants: each tenant of a function has a fleet of its own. */
  #tenantFleet(version: FunctionVersion, tenantId: string): Fleet {
    const identity = runIdentity(version);
    return this.#fleetBy(JSON.stringify([identity, tenantId]), version, identity);
  }

  #fleetBy(key: string, version: FunctionVersion, identity: string): Fleet {
    let fleet = this.#fleets.get(key);
    if (!fleet) {
      fleet = newFleet(version, identity);
      this.#fleets.set(key, fleet);
    }
    return fleet;
  }

  /** Whichever comes first: a new environment, or one that another invocation gives back. */
  #startOrWait(fleet: Fleet): Promise<Environment> {
    return new Promise((resolve, reject) => {
      fleet.waiters.push({ resolve, reject });
      this.#startWanted(fleet);
    });
  }

  /** Called, too, whenever one that somebody may have counted on does not come: whoever waits is served or refused. */
  #startWanted(fleet: Fleet): void {
    if (this.#closed) for (const { reject } of fleet.waiters.splice(0)) reject(closing());
    if (fleet.starting < fleet.waiters.length) this.#keep(this.#start(fleet));
  }

  /** There are idle ones, but they are better left alone. */
  #waitForBusy(fleet: Fleet): Promise<Environment> {
    this.#wakes.watch(fleet);
    return new Promise((resolve, reject) => fleet.waiters.push({ resolve, reject }));
  }

  #keep(start: Promise<void>): void {
    this.#underway.add(start);
    void start.finally(() => this.#underway.delete(start));
  }

  /** Never rejects. Whatever becomes of it, one waiter of those that are left hears of it. */
  async #start(fleet: Fleet): Promise<void> {
    fleet.starting++;
    let created: Environment | undefined;
    let ready: Environment | undefined;
    try {
      ready = await this.#starts.start({
        version: fleet.version,
        initialization: "on-demand",
        listener: this,
        party: fleet,
        isWanted: () => fleet.waiters.length > 0,
        onCreated: (environment) => {
          created = environment;
          this.#admit(environment, fleet);
          if (this.#closed) throw closing();
        },
      });
      const member = ready && this.#members.get(ready);
      if (ready && !member) throw closing();
      if (member?.failed) throw new Error(`environment ${ready?.id} could not be started`);
    } catch (error) {
      // Whom another start will serve has nothing to do with this one.
      if (fleet.waiters.length >= fleet.starting) fleet.waiters.shift()?.reject(error);
      ready = undefined;
    }
    fleet.starting--;
    if (ready) return this.onIdle(ready);
    this.#startWanted(fleet);
    if (created) await this.#end(fleet, created);
  }

  #admit(environment: Environment, fleet: Fleet): void {
    fleet.all.add(environment);
    this.#live.add(environment);
    this.#members.set(environment, { fleet, bornMs: Date.now(), failed: false });
  }

  async #giveWay(): Promise<boolean> {
    const victim = this.#longestIdle();
    if (!victim) return false;
    victim.fleet.idle.splice(victim.fleet.idle.indexOf(victim.environment), 1);
    await this.#end(victim.fleet, victim.environment);
    return true;
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

  #isIdle(environment: Environment): boolean {
    return this.#members.get(environment)?.fleet.idle.includes(environment) ?? false;
  }

  #reap(): void {
    this.provisioned.renewOldest();
    const limit = performance.now() - this.#options.idleTimeoutMs;
    for (const [key, fleet] of this.#fleets) {
      for (const environment of [...fleet.idle]) {
        const member = this.#members.get(environment);
        if (environment.idleSinceMs >= limit && member && !isOld(member)) continue;
        fleet.idle.splice(fleet.idle.indexOf(environment), 1);
        void this.#end(fleet, environment);
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

  /** Never rejects: what is left of it is cleared away when the region starts again. */
  async #destroy(environment: Environment): Promise<void> {
    this.#members.delete(environment);
    const { id } = environment;
    try {
      await environment.destroy();
    } catch (error) {
      this.#options.log.error("an environment could not be cleared away", { environment: id, error });
    }
    this.#live.delete(environment);
  }
}

function isOld({ bornMs }: Membership): boolean {
  return Date.now() - bornMs > MAX_AGE_MS;
}

function closing(): NoRoomError {
  return new NoRoomError("the region is closing");
}
