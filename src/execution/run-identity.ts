/**
 * What two environments must have in common to run the same thing: everything of a function version but its paperwork.
 * A new revision that only changes a description, or a state, keeps its warm environments.
 */
import type { FunctionVersion } from "../functions/function-version.ts";

const PAPERWORK: ReadonlySet<string> = new Set<keyof FunctionVersion>([
  "revisionId",
  "lastModified",
  "description",
  "state",
  "stateReason",
  "stateReasonCode",
  "lastUpdateStatus",
  "lastUpdateStatusReason",
  "lastUpdateStatusReasonCode",
]);

/** Equal exactly when an environment of the one may serve the other. Not cheap: ask once for each version object. */
export function runIdentity(version: FunctionVersion): string {
  const members = Object.entries(version).filter(([name]) => !PAPERWORK.has(name));
  return JSON.stringify(members.sort(([one], [other]) => (one < other ? -1 : 1)));
}
