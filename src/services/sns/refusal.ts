/** How SNS refuses. */
import type { Fail } from "../../wire/fail.ts";

export type Sns = typeof import("@aws-sdk/client-sns");
export type SnsFail = Fail<Sns>;

/** As SNS begins most of its refusals. */
export function invalid(fail: SnsFail, what: string): never {
  return fail("InvalidParameterException", `Invalid parameter: ${what}`);
}
