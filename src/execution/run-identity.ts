/** What two environments must have in common for the one to serve the other's invocations. */
import { behaviourOf } from "../functions/behaviour.ts";
import type { FunctionVersion } from "../functions/function-version.ts";

/**
 * Equal exactly for the same version of the same function with the same behaviour: a new revision that only changes a
 * description or a state keeps its warm environments. Not cheap: ask once for each version object.
 */
export function runIdentity(version: FunctionVersion): string {
  const behaviour = Object.entries(behaviourOf(version)).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([version.functionArn, version.version, behaviour]);
}
