/**
 * Who may do what on the region by who they are: the administrator everything, execution roles what the operator's
 * patterns name. What resource policies add and take is permissions.ts.
 */
import type { Principal } from "../wire/service.ts";

/** @param action e.g. `lambda:InvokeFunction` @param resource ARN, or `*` when the operation names no resource */
export type Authorize = (principal: Principal, action: string, resource: string) => boolean;

/** Does an action fit a pattern in which `*` stands for any text? Linear in both; letter case does not count (IAM). */
export function actionMatches(pattern: string, action: string): boolean {
  const text = action.toLowerCase();
  const parts = pattern.toLowerCase().split("*");
  const first = parts[0] ?? "";
  if (parts.length === 1) return text === first;
  const last = parts.at(-1) ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** The rule of a region without IAM policies: `executionRoleActions` of the configuration, on every resource. */
export function authorizeByActions(executionRoleActions: readonly string[]): Authorize {
  const known = new Map<string, boolean>();
  return (principal, action) => {
    if (principal.kind === "administrator") return true;
    let allowed = known.get(action);
    if (allowed === undefined) {
      allowed = executionRoleActions.some((pattern) => actionMatches(pattern, action));
      known.set(action, allowed);
    }
    return allowed;
  };
}
