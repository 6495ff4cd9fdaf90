/** Who signed a request to a function URL, as the function learns it: `requestContext.authorizer.iam` of its event. */
import { createHash } from "node:crypto";
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
  const id = uniqueId(principal);
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

/** The account's number for itself; `AROA...:session` for a role, always the same for the same role. */
function uniqueId({ arn, accountId }: Principal): string {
  const [, role, session] = /^(arn:[^/]*:assumed-role\/[^/]+)\/(.+)$/.exec(arn) ?? [];
  if (role === undefined || session === undefined) return accountId;
  const digest = createHash("sha256").update(role).digest("hex").toUpperCase();
  return `AROA${digest.slice(0, 17)}:${session}`;
}
