/** The on-demand environments that serve the same invocations, and who waits for one. A record: the pool does the work. */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Environment } from "./environment.ts";

interface Waiter {
  resolve(environment: Environment): void;
  reject(error: unknown): void;
}

/** The environments of one function version with one configuration and code; and of one tenant, where tenants are kept apart. */
export interface Fleet {
  readonly version: FunctionVersion;
  /** runIdentity() of the version */
  readonly identity: string;
  /** Most recently used last: it is taken first, so that the surplus ages and is reaped. */
  readonly idle: Environment[];
  readonly all: Set<Environment>;
  readonly waiters: Waiter[];
  starting: number;
  /** A newer configuration has taken its place: environments end when they come back. */
  retired: boolean;
}

/** @param identity runIdentity() of the version */
export function newFleet(version: FunctionVersion, identity: string): Fleet {
  return { version, identity, idle: [], all: new Set(), waiters: [], starting: 0, retired: false };
}
