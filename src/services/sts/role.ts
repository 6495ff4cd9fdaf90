/** Names of roles and of their sessions. There is no IAM: a role exists by being named. */
import { createHash } from "node:crypto";

const ROLE = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:[\x21-\x7e]+\/)?([\w+=,.@-]{1,64})$/;
const SESSION = /^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/([^/]+)\/([^/]+)$/;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export interface RoleName {
  readonly accountId: string;
  readonly roleName: string;
}

/** @returns undefined for what is no role's ARN */
export function parseRoleArn(arn: string): RoleName | undefined {
  const [, accountId, roleName] = ROLE.exec(arn) ?? [];
  return accountId === undefined || roleName === undefined ? undefined : { accountId, roleName };
}

/** @returns undefined for who is no session of a role */
export function assumedRoleOf(arn: string): { readonly roleName: string; readonly sessionName: string } | undefined {
  const [, roleName, sessionName] = SESSION.exec(arn) ?? [];
  return roleName === undefined || sessionName === undefined ? undefined : { roleName, sessionName };
}

/** The unique id that IAM would have given the role; the same name has the same for good. */
export function roleId(accountId: string, roleName: string): string {
  const digest = createHash("sha256").update(`${accountId}/${roleName}`).digest();
  return `AROA${[...digest.subarray(0, 17)].map((byte) => BASE32[byte & 31]).join("")}`;
}
