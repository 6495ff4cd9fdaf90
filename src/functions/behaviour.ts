/**
 * What a function version does, apart from its paperwork: names, revision, states, description (a description alone is
 * no change to publish, contract/06 §1, and no reason to give up warm environments).
 */
import type { FunctionVersion } from "./function-version.ts";

const PAPERWORK = [
  "functionName",
  "version",
  "functionArn",
  "revisionId",
  "description",
  "lastModified",
  "state",
  "stateReason",
  "stateReasonCode",
  "lastUpdateStatus",
  "lastUpdateStatusReason",
  "lastUpdateStatusReasonCode",
  "snapStartOptimization",
] as const satisfies readonly (keyof FunctionVersion)[];

/** Two versions with equal behaviour run the same code in the same configuration. */
export function behaviourOf(version: Partial<FunctionVersion>): Record<string, unknown> {
  const members: Record<string, unknown> = { ...version };
  for (const member of PAPERWORK) delete members[member];
  return members;
}
