/** `$LATEST.PUBLISHED`: only functions with a capacity provider have it, and there are none of these yet. */
import type { LambdaFail } from "./lambda-api.ts";

/** @throws InvalidParameterValueException when there is anything to publish to. AWS's own words are not recorded. */
export function checkPublishTo(fail: LambdaFail, publishTo: string | undefined): void {
  if (publishTo === undefined) return;
  fail(
    "InvalidParameterValueException",
    "PublishTo LATEST_PUBLISHED is only supported for functions with a capacity provider.",
  );
}
