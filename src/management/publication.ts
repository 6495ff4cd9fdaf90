/** When publishing makes a new version: whether `$LATEST` differs from the newest published version. */
import { isDeepStrictEqual } from "node:util";
import { behaviourOf } from "../functions/behaviour.ts";
import type { VersionContent } from "../functions/catalog.ts";

/** True when both would run the same code in the same configuration. */
export function samePublication(latest: VersionContent, newest: VersionContent): boolean {
  return isDeepStrictEqual(behaviourOf(latest), behaviourOf(newest));
}
