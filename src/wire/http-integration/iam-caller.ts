/** Who signed a request, as the function behind it learns it: `requestContext.authorizer.iam` of format 2.0. */
import type { Principal } from "../service.ts";
import { principalId } from "./principal-id.ts";

export interface IamCaller {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly cognitoIdentity: null;
  readonly principalOrgId: null;
  readonly userArn: string;
  readonly userId: string;
}

export function iamCallerOf(principal: Principal, accessKeyId: string): IamCaller {
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
