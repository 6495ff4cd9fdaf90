/**
 * All provisioned concurrency of the region: for each version or alias that has some, the environments that are kept for
 * it. An alias that moves takes its allocation along: the old environments go when the new ones are there. What shall be
 * provisioned is decided elsewhere and told by set().
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Environment } from "./environment.ts";
import { type AllocationFailure, type FleetOptions, ProvisionedFleet } from "./provisioned-fleet.ts";
import { runIdentity } from "./run-identity.ts";

/** So many environments of that version. */
export interface ProvisionedShare {
  readonly version: FunctionVersion;
  readonly count: number;
}

/** The same, with the version or alias for which it was asked. */
export interface ConfiguredShare extends ProvisionedShare {
  readonly qualifier: string;
}

/** What shall be provisioned for one version or alias. */
export interface Provision {
  /** Grows when its owner asks anew: what had failed is then tried again at once. */
  readonly generation: number;
  /** One; an alias with two versions has two. */
  readonly shares: readonly ProvisionedShare[];
}

export interface AllocationStatus {
  /** Environments that exist, no more than are wanted. */
  readonly allocated: number;
  /** Those of them that are initialised. */
  readonly available: number;
  /** All that are wanted are there. */
  readonly isComplete: boolean;
  readonly failure?: AllocationFailure;
}

interface Part {
  readonly identity: string;
  readonly fleet: ProvisionedFleet;
  count: number;
}

/** What one version or alias has. */
interface Allocation {
  generation: number;
  parts: Part[];
  /** Of versions that the alias ran before. */
  superseded: Part[];
}

export class ProvisionedEnvironments {
  readonly #options: Omit<FleetOptions, "onChange">;
  /** By function, then by qualifier. */
  readonly #functions = new Map<string, Map<string, Allocation>>();
  /** Every fleet that has environments, or should. */
  readonly #fleets = new Map<ProvisionedFleet, string>();
  /** By the version object, which the catalog hands out again and again: no key to build on the hot path. */
  #known = new WeakMap<FunctionVersion, readonly ProvisionedFleet[]>();

  #isSettling = false;
  #isClosed = false;

  constructor(options: Omit<FleetOptions, "onChange">) {
    this.#options = options;
  }

  /** Environments that exist. */
  *all(): Generator<Environment> {
    for (const fleet of this.#fleets.keys()) yield* fleet.all();
  }

  /** It is not used again: another takes its place. @param atOnce what runs in it is broken off */
  dismiss(environment: Environment, atOnce: boolean): void {
    for (const fleet of this.#fleets.keys()) fleet.dismiss(environment, atOnce);
  }

  get size(): number {
    let size = 0;
    for (const fleet of this.#fleets.keys()) size += fleet.allocated;
    return size;
  }

  /** The environments that would take an invocation of this version now. */
  serving(version: FunctionVersion): ProvisionedFleet | undefined {
    if (this.#fleets.size === 0) return undefined;
    let fleets = this.#known.get(version);
    if (!fleets) {
      const identity = runIdentity(version);
      fleets = [...this.#fleets].filter(([, other]) => other === identity).map(([fleet]) => fleet);
      this.#known.set(version, fleets);
    }
    for (const fleet of fleets) if (fleet.canServe) return fleet;
    return undefined;
  }

  /** Provision exactly this, by qualifier, for the function. What stays as it was is left alone. */
  set(functionName: string, provisions: ReadonlyMap<string, Provision>): void {
    if (this.#isClosed) return;
    const allocations = this.#functions.get(functionName) ?? new Map<string, Allocation>();
    for (const [qualifier, allocation] of allocations) {
      if (provisions.has(qualifier)) continue;
      allocations.delete(qualifier);
      for (const part of [...allocation.parts, ...allocation.superseded]) part.fleet.keep(0);
    }
    for (const [qualifier, provision] of provisions) {
      const allocation = allocations.get(qualifier) ?? { generation: 0, parts: [], superseded: [] };
      allocations.set(qualifier, allocation);
      this.#allot(allocation, provision);
    }
    if (allocations.size > 0) this.#functions.set(functionName, allocations);
    else this.#functions.delete(functionName);
    this.#settleSoon();
  }

  /** All that is asked for, whether it is there or not. */
  *configured(): Generator<ConfiguredShare> {
    for (const allocations of this.#functions.values()) {
      for (const [qualifier, { parts }] of allocations) {
        for (const { fleet, count } of parts) yield { qualifier, version: fleet.version, count };
      }
    }
  }

  /** Undefined when nothing is provisioned there. */
  status(functionName: string, qualifier: string): AllocationStatus | undefined {
    const allocation = this.#functions.get(functionName)?.get(qualifier);
    if (!allocation) return undefined;
    const { parts } = allocation;
    const sum = (count: (part: Part) => number) => parts.reduce((total, part) => total + count(part), 0);
    const failure = parts.map(({ fleet }) => fleet.failure).find((reason) => reason !== undefined);
    return {
      allocated: sum(({ fleet, count }) => Math.min(fleet.allocated, count)),
      available: sum(({ fleet, count }) => Math.min(fleet.available, count)),
      isComplete: isComplete(allocation),
      ...(failure && { failure }),
    };
  }

  /** To be called now and then: replaces environments that have grown old, one at a time. */
  renewOldest(): void {
    for (const fleet of this.#fleets.keys()) fleet.renewOldest();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const fleets = [...this.#fleets.keys()];
    this.#functions.clear();
    await Promise.all(fleets.map((fleet) => fleet.close()));
  }

  #allot(allocation: Allocation, { generation, shares }: Provision): void {
    const isNew = allocation.generation !== generation;
    allocation.generation = generation;
    const before = [...allocation.parts, ...allocation.superseded];
    allocation.parts = shares.map(({ version, count }) => {
      const identity = runIdentity(version);
      const kept = before.find((part) => part.identity === identity);
      if (kept) {
        before.splice(before.indexOf(kept), 1);
        if (isNew || kept.count !== count) kept.fleet.keep(count);
        kept.count = count;
        return kept;
      }
      const fleet = new ProvisionedFleet(version, { ...this.#options, onChange: () => this.#settleSoon() });
      this.#fleets.set(fleet, identity);
      this.#known = new WeakMap();
      fleet.keep(count);
      return { identity, fleet, count };
    });
    allocation.superseded = before;
  }

  /** Not at once: fleets tell of changes while allocations are being changed. */
  #settleSoon(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    queueMicrotask(() => this.#settle());
  }

  /** What has been replaced is let go; so it is when there is no room for what replaces it, or no hope. */
  #settle(): void {
    this.#isSettling = false;
    for (const allocations of this.#functions.values()) {
      for (const allocation of allocations.values()) {
        if (allocation.superseded.length === 0) continue;
        const isStuck = allocation.parts.some(({ fleet }) => fleet.failure !== undefined);
        if (!isStuck && !isComplete(allocation)) continue;
        const { superseded } = allocation;
        allocation.superseded = [];
        for (const { fleet } of superseded) fleet.keep(0);
      }
    }
    for (const fleet of this.#fleets.keys()) if (fleet.isEmpty) this.#fleets.delete(fleet);
  }
}

function isComplete({ parts }: Allocation): boolean {
  return parts.length > 0 && parts.every(({ fleet, count }) => fleet.available >= count);
}
