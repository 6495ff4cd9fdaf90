/** GetCallerIdentity and GetAccessKeyInfo: whose credentials these are. */
import type { Principal } from "../../wire/service.ts";
import { assumedRoleOf, roleId } from "./role.ts";
import type { StsHandlers } from "./sts-api.ts";

export function identityHandlers() {
  return {
    GetCallerIdentity: (_input, { principal }) => ({
      UserId: userId(principal),
      Account: principal.accountId,
      Arn: principal.arn,
    }),

    /** All keys that this region hands out are of its one account. */
    GetAccessKeyInfo: (_input, { accountId }) => ({ Account: accountId }),
  } satisfies StsHandlers;
}

/** The root user's is the account's; a session's is its role's, and its own name. */
function userId({ arn, accountId }: Principal): string {
  const session = assumedRoleOf(arn);
  return session === undefined ? accountId : `${roleId(accountId, session.roleName)}:${session.sessionName}`;
}
