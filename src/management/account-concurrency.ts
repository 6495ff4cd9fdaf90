/** The account's concurrency, and what its functions have taken of it: reserved, or provisioned without a reservation. */
import type { Catalog } from "../functions/catalog.ts";
import type { ProvisionedConcurrency, ReservedConcurrency } from "../functions/concurrency.ts";
import type { FunctionSettings } from "../functions/function-settings.ts";
import { Serial } from "../state/serial.ts";

/** What one function has. */
export interface FunctionConcurrency {
  readonly reserved?: number;
  /** By version or alias. */
  readonly provisioned: ReadonlyMap<string, number>;
}

const NONE: FunctionConcurrency = { provisioned: new Map() };

export class AccountConcurrency {
  /** Concurrent executions. */
  readonly limit: number;
  /** Of these nobody can have as their own. */
  readonly unreservedMinimum: number;
  readonly reserved: FunctionSettings<ReservedConcurrency>;
  readonly provisioned: FunctionSettings<ProvisionedConcurrency>;
  readonly #serial = new Serial();

  constructor(catalog: Catalog, limits: { accountConcurrency: number; unreservedConcurrency: number }) {
    this.limit = limits.accountConcurrency;
    this.unreservedMinimum = limits.unreservedConcurrency;
    this.reserved = catalog.settings("reservedConcurrency");
    this.provisioned = catalog.settings("provisionedConcurrency");
  }

  /** Changes of any function's concurrency come one after the other: each is decided by the sum of all. */
  change<T>(task: (claims: Claims) => Promise<T>): Promise<T> {
    return this.inTurn(async () => task(await this.claims()));
  }

  /** The same for a task that is decided without the sum: to know that takes longer the more functions have settings. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#serial.run("account", task);
  }

  async claims(): Promise<Claims> {
    const functions = new Map<string, FunctionConcurrency>();
    for (const { functionName, value } of await this.reserved.all()) {
      functions.set(functionName, { ...NONE, reserved: value.executions });
    }
    for (const { functionName, qualifier, value } of await this.provisioned.all()) {
      const before = functions.get(functionName) ?? NONE;
      const provisioned = new Map(before.provisioned).set(qualifier, value.executions);
      functions.set(functionName, { ...before, provisioned });
    }
    return new Claims(this.limit, functions);
  }
}

/** All that is taken at one moment. */
export class Claims {
  readonly #limit: number;
  readonly #functions: ReadonlyMap<string, FunctionConcurrency>;

  constructor(limit: number, functions: ReadonlyMap<string, FunctionConcurrency>) {
    this.#limit = limit;
    this.#functions = functions;
  }

  /** @param except does not count, as if it had nothing */
  unreserved(except?: string): number {
    let left = this.#limit;
    for (const [functionName, concurrency] of this.#functions) {
      if (functionName !== except) left -= claimOf(concurrency);
    }
    return left;
  }

  of(functionName: string): FunctionConcurrency {
    return this.#functions.get(functionName) ?? NONE;
  }
}

/** Provisioned concurrency is part of what its function has reserved. */
export function claimOf({ reserved, provisioned }: FunctionConcurrency): number {
  return reserved ?? totalOf(provisioned);
}

export function totalOf(provisioned: ReadonlyMap<string, number>): number {
  return [...provisioned.values()].reduce((sum, executions) => sum + executions, 0);
}
