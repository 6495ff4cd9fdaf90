/** What two environments must have in common for the one to serve the other's invocations. */
import { behaviourOf } from "../functions/behaviour.ts";
import type { FunctionVersion } from "../functions/function-version.ts";

const identities = new WeakMap<FunctionVersion, string>();

/**
 * Equal exactly for the same version of the same function with the same behaviour: a new revision that only changes a
 * description or a state keeps its warm environments. Worked out once for each version object: these never change.
 */
export function runIdentity(version: FunctionVersion): string {
  const known = identities.get(version);
  if (known !== undefined) return known;
  const behaviour = Object.entries(behaviourOf(version)).sort(([one], [other]) => (one < other ? -1 : 1));
  const identity = JSON.stringify([version.functionArn, version.version, behaviour]);
  identities.set(version, identity);
  return identity;
}
