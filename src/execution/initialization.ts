/** Why an environment is initialised, and what follows from that (contract/01 §1, §3). */
import type { FunctionVersion } from "../functions/function-version.ts";

/** The value of AWS_LAMBDA_INITIALIZATION_TYPE. */
export type InitializationType = "on-demand" | "provisioned-concurrency" | "snap-start";

const ON_DEMAND_LIMIT_MS = 10_000;
const LEAST_AHEAD_LIMIT_MS = 130_000;

/** ms from a restore's begin until the runtime, its after-restore hooks included, asks for work */
export const RESTORE_LIMIT_MS = 10_000;

/** ms that the init phase may take: with nobody waiting for it, it may take long. */
export function initLimitMs(initialization: InitializationType, version: FunctionVersion): number {
  if (initialization === "on-demand") return ON_DEMAND_LIMIT_MS;
  return Math.max(LEAST_AHEAD_LIMIT_MS, version.timeoutSeconds * 1000);
}
