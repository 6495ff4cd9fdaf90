/** When publishing makes a new version: whether `$LATEST` differs from the newest published version. */
import { isDeepStrictEqual } from "node:util";
import type { VersionContent } from "../functions/catalog.ts";

/** What belongs to a version itself and not to what it does; a description alone is no change (contract/06 §1). */
const ITS_OWN = [
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
] as const;

/** True when both would run the same code in the same configuration. */
export function samePublication(latest: VersionContent, newest: VersionContent): boolean {
  return isDeepStrictEqual(whatItDoes(latest), whatItDoes(newest));
}

function whatItDoes(version: VersionContent): Record<string, unknown> {
  const members: Record<string, unknown> = { ...version };
  for (const member of ITS_OWN) delete members[member];
  return members;
}
