/** `$LATEST.PUBLISHED`: only functions with a capacity provider have it, and it cannot be published to here yet. */
import type { LambdaFail } from "./lambda-api.ts";

/** @throws InvalidParameterValueException when there is anything to publish to. AWS's own words are not recorded. */
export function checkPublishTo(fail: LambdaFail, publishTo: string | undefined, hasCapacityProvider: boolean): void {
  if (publishTo === undefined) return;
  fail(
    "InvalidParameterValueException",
    hasCapacityProvider
      ? "PublishTo LATEST_PUBLISHED is not served by this region yet."
      : "PublishTo LATEST_PUBLISHED is only supported for functions with a capacity provider.",
  );
}
