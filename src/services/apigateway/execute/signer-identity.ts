/** Who signed a request, as the function behind it learns it. */

import { iamCallerOf } from "../../../wire/http-integration/iam-caller.ts";
import { principalId } from "../../../wire/http-integration/principal-id.ts";
import type { SurfaceSigner } from "../../../wire/http-surface.ts";
import type { Caller } from "./events.ts";

/** `requestContext.authorizer.iam` of format 2.0. */
export function iamCallerV2({ principal, accessKeyId }: SurfaceSigner): Caller {
  return { authorizer: { iam: iamCallerOf(principal, accessKeyId) }, isSigned: true };
}

/** `requestContext.identity` of format 1.0. */
export function iamCallerV1({ principal, accessKeyId }: SurfaceSigner): Caller {
  const id = principalId(principal);
  const { accountId, arn } = principal;
  return { identity: { accessKey: accessKeyId, accountId, caller: id, user: id, userArn: arn }, isSigned: true };
}
