/**
 * What a resource policy says of a request: allowed, denied, or nothing. IAM's rules, without IAM: identity policies are
 * the caller's business. Pure; a policy that cannot be understood never allows.
 */
import { type ConditionContext, conditionsHold } from "./policy-conditions.ts";
import {
  listOf,
  type OneOrMore,
  type PolicyDocument,
  type PolicyPrincipal,
  type PolicyStatement,
} from "./policy-document.ts";
import { fitsPattern } from "./policy-pattern.ts";

export type RequestPrincipal =
  /** Nobody who signs. */
  | { readonly kind: "anonymous" }
  /** A user, a role's session, or the account itself (the ARN ends in `:root`). */
  | { readonly kind: "account"; readonly accountId: string; readonly arn: string }
  /** An AWS service, e.g. s3.amazonaws.com. */
  | { readonly kind: "service"; readonly service: string };

export interface PolicyRequest {
  /** e.g. lambda:InvokeFunction */
  readonly action: string;
  /** ARN, with the qualifier if there is one. */
  readonly resource: string;
  readonly principal: RequestPrincipal;
  /** Condition keys that are known of the request, e.g. `{ "AWS:SourceArn": "arn:..." }`. Letter case of keys does not count. */
  readonly conditions: Readonly<Record<string, string>>;
}

export type PolicyDecision = "allow" | "deny" | "none";

/** A Deny wins over every Allow; `none` means that the policy says nothing of the request. */
export function evaluatePolicy(policy: PolicyDocument | undefined, request: PolicyRequest): PolicyDecision {
  const context: ConditionContext = new Map(
    Object.entries(request.conditions).map(([key, value]) => [key.toLowerCase(), value]),
  );
  let decision: PolicyDecision = "none";
  for (const statement of listOf(policy?.Statement)) {
    if (!applies(statement, request, context)) continue;
    if (statement.Effect === "Deny") return "deny";
    if (statement.Effect === "Allow") decision = "allow";
  }
  return decision;
}

function applies(statement: PolicyStatement, request: PolicyRequest, context: ConditionContext): boolean {
  return (
    principalFits(statement, request) &&
    chosen(statement.Action, statement.NotAction, (action) =>
      fitsPattern(request.action.toLowerCase(), action.toLowerCase()),
    ) &&
    chosen(statement.Resource, statement.NotResource, (resource) => fitsPattern(request.resource, resource)) &&
    // What nobody understands must not open anything, nor may it undo a Deny.
    (conditionsHold(statement.Condition, context) ?? statement.Effect === "Deny")
  );
}

/** One of `these`, or none of `allBut`; a statement with neither names nothing. */
function chosen(
  these: OneOrMore<string> | undefined,
  allBut: OneOrMore<string> | undefined,
  fits: (pattern: string) => boolean,
): boolean {
  if (these !== undefined) return listOf(these).some(fits);
  return allBut !== undefined && !listOf(allBut).some(fits);
}

function principalFits(statement: PolicyStatement, request: PolicyRequest): boolean {
  if (statement.Principal !== undefined) return isNamed(statement.Principal, statement.Effect, request);
  return statement.NotPrincipal !== undefined && !isNamed(statement.NotPrincipal, "Deny", request);
}

function isNamed(named: PolicyPrincipal, effect: PolicyStatement["Effect"], request: PolicyRequest): boolean {
  if (named === "*") return true;
  const { principal } = request;
  const accounts = listOf(named.AWS);
  if (accounts.includes("*")) return true;
  if (principal.kind === "anonymous") return false;
  if (principal.kind === "service") return listOf(named.Service).includes(principal.service);
  return accounts.some((account) => namesCaller(account, principal.arn, principal.accountId, effect, request.resource));
}

function namesCaller(
  name: string,
  arn: string,
  accountId: string,
  effect: PolicyStatement["Effect"],
  resource: string,
): boolean {
  if (name === arn || name === roleOfSession(name, arn)) return true;
  const account = /^(?:arn:aws[a-zA-Z-]*:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1];
  if (account === undefined || account !== accountId) return false;
  // Naming an account leaves it to that account whom of its own it lets: within the resource's account this allows
  // nobody but the account itself, since what the caller's identity policies allow is allowed anyway.
  return effect === "Deny" || arn.endsWith(":root") || resource.split(":")[4] !== accountId;
}

/** The name itself when it is the ARN of the role whose session this is. A session's ARN does not tell the role's path. */
function roleOfSession(name: string, sessionArn: string): string | undefined {
  const session = /^arn:(aws[a-zA-Z-]*):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(sessionArn);
  const role = /^arn:(aws[a-zA-Z-]*):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(name);
  if (!session || !role) return undefined;
  return [1, 2, 3].every((group) => session[group] === role[group]) ? name : undefined;
}
