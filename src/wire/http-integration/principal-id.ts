/** The unique id of who signed a request, as events of functions tell it. */
import { createHash } from "node:crypto";
import type { Principal } from "../service.ts";

/** The account's number for itself; `AROA...:session` for a role, always the same for the same role. */
export function principalId({ arn, accountId }: Principal): string {
  const [, role, session] = /^(arn:[^/]*:assumed-role\/[^/]+)\/(.+)$/.exec(arn) ?? [];
  if (role === undefined || session === undefined) return accountId;
  const digest = createHash("sha256").update(role).digest("hex").toUpperCase();
  return `AROA${digest.slice(0, 17)}:${session}`;
}
