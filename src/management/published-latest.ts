/** `$LATEST.PUBLISHED`: the version of functions with a capacity provider that is published anew, under the same name. */
import type { Catalog, Change, VersionContent } from "../functions/catalog.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import { IN_PROGRESS, pending } from "./activation.ts";
import type { LambdaFail } from "./lambda-api.ts";
import { samePublication } from "./publication.ts";
import { checkSettled } from "./update-preconditions.ts";

export const LATEST_PUBLISHED = "$LATEST.PUBLISHED" as const;

/** @throws InvalidParameterValueException when functions without a capacity provider are to have it: AWS's words are not recorded. */
export function checkPublishTo(fail: LambdaFail, publishTo: string | undefined, hasCapacityProvider: boolean): void {
  if (publishTo === undefined || hasCapacityProvider) return;
  fail(
    "InvalidParameterValueException",
    "PublishTo LATEST_PUBLISHED is only supported for functions with a capacity provider.",
  );
}

/** What a publication goes in the place of: nothing, unless it is one to `$LATEST.PUBLISHED`. */
export async function replacedBy(
  catalog: Catalog,
  functionName: string,
  publishTo: string | undefined,
): Promise<{ versions: number; bytes: number }> {
  const before = publishTo === undefined ? undefined : await catalog.describe(functionName, LATEST_PUBLISHED);
  return before ? { versions: 1, bytes: before.codeSize } : { versions: 0, bytes: 0 };
}

/**
 * The change that puts this content there; undefined when what is there is the same and runs.
 * @throws ResourceConflictException while what is there is not settled
 */
export function publishLatest(
  fail: LambdaFail,
  content: VersionContent,
  before: FunctionVersion | undefined,
): Pick<Required<Change>, "publish" | "publishTo"> | undefined {
  if (!before) return { publish: pending(content), publishTo: LATEST_PUBLISHED };
  checkSettled(fail, before);
  const hasFailed = before.state === "Failed" || before.lastUpdateStatus === "Failed";
  if (!hasFailed && samePublication(content, before)) return undefined;
  if (before.state === "Failed") return { publish: pending(content), publishTo: LATEST_PUBLISHED };
  // What is there runs on until the new content can.
  const { stateReason: _, stateReasonCode: __, ...kept } = content;
  return { publish: { ...kept, ...IN_PROGRESS, state: before.state }, publishTo: LATEST_PUBLISHED };
}
