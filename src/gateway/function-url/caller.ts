/** Who signed a request to a function URL, as the function learns it: `requestContext.authorizer.iam` of its event. */
import { principalId } from "../../wire/http-integration/principal-id.ts";
import type { Principal } from "../../wire/service.ts";

export interface Caller {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly cognitoIdentity: null;
  readonly principalOrgId: null;
  readonly userArn: string;
  readonly userId: string;
}

export function callerOf(principal: Principal, accessKeyId: string): Caller {
  const id = principalId(principal);
  return {
    accessKey: accessKeyId,
    accountId: principal.accountId,
    callerId: id,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: principal.arn,
    userId: id,
  };
}
