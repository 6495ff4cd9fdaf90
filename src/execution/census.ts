/** What there is to see of execution environments from outside: for whoever operates the region. */
import type { Environment } from "./environment.ts";
import type { EnvironmentState } from "./environment-state.ts";
import type { EnvironmentPool } from "./pool.ts";

export interface EnvironmentEntry {
  readonly id: string;
  readonly functionName: string;
  readonly version: string;
  readonly state: EnvironmentState;
  readonly driver: string;
  readonly initializationType: string;
  readonly provisioned: boolean;
  /** Dates in ISO 8601. */
  readonly createdAt: string;
  /** When its last invocation, or else its init, was over; absent before. */
  readonly lastUsedAt?: string;
  readonly invocations: number;
  /** MB that it may use, and the most that it has used. */
  readonly memoryMb: number;
  readonly maxMemoryUsedMb: number;
}

/** Which environments are meant: one, those of a function, or all. */
export type EnvironmentChoice = { readonly id: string } | { readonly functionName: string } | "all";

export class EnvironmentCensus {
  readonly #pool: EnvironmentPool;
  readonly #driver: string;

  constructor(pool: EnvironmentPool, driver: string) {
    this.#pool = pool;
    this.#driver = driver;
  }

  /** Oldest first. */
  list(choice: EnvironmentChoice): EnvironmentEntry[] {
    const chosen = this.#chosen(choice).sort(([one], [other]) => one.bornMs - other.bornMs);
    return chosen.map(([environment, isProvisioned]) => this.#entry(environment, isProvisioned));
  }

  /**
   * @param atOnce what runs in them is broken off, and its callers are told that their environment failed; otherwise they
   * finish it, and are not used again
   * @returns how many
   */
  end(choice: EnvironmentChoice, atOnce: boolean): number {
    const chosen = this.#chosen(choice);
    for (const [environment] of chosen) this.#pool.dismiss(environment, atOnce);
    return chosen.length;
  }

  #chosen(choice: EnvironmentChoice): [Environment, boolean][] {
    return [...this.#pool.all()].filter(([{ id, version }]) => {
      if (choice === "all") return true;
      return "id" in choice ? id === choice.id : version.functionName === choice.functionName;
    });
  }

  #entry(environment: Environment, provisioned: boolean): EnvironmentEntry {
    const { id, version, state, initialization, idleSinceMs, usage, bornMs } = environment;
    return {
      id,
      functionName: version.functionName,
      version: version.version,
      state,
      driver: this.#driver,
      initializationType: initialization,
      provisioned,
      createdAt: dateOf(bornMs),
      ...(idleSinceMs > 0 && { lastUsedAt: dateOf(idleSinceMs) }),
      invocations: usage.invocations,
      memoryMb: version.memoryMb,
      maxMemoryUsedMb: usage.maxMemoryMb,
    };
  }
}

/** @param ms of performance.now() */
function dateOf(ms: number): string {
  return new Date(performance.timeOrigin + ms).toISOString();
}
