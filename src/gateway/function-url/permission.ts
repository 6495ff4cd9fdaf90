/**
 * May this caller call this function URL? Two actions must be allowed, each by the resource policy of what the URL belongs
 * to, or by the caller's own rights: calling its URL, and, since October 2025, invoking it (contract/05 §1).
 */

import type { PolicyDocument } from "../../functions/policy-document.ts";
import { evaluatePolicy, type PolicyRequest } from "../../functions/policy-evaluation.ts";
import type { Principal } from "../../wire/service.ts";
import type { Authorize } from "../authorization.ts";
import { requestConditions } from "../permissions.ts";
import type { RequestHead } from "../request-head.ts";

export interface UrlCall {
  /** Undefined where no signature is asked for. */
  readonly principal: Principal | undefined;
  readonly authType: "NONE" | "AWS_IAM";
  /** ARN of the function, with the alias if the URL belongs to one. */
  readonly resource: string;
  readonly policy: PolicyDocument | undefined;
  readonly sourceIp: string;
  readonly headers: RequestHead["headers"];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export function mayCallUrl(authorize: Authorize, call: UrlCall): boolean {
  return (
    mayDo(authorize, call, "lambda:InvokeFunctionUrl", { "lambda:FunctionUrlAuthType": call.authType }) &&
    mayDo(authorize, call, "lambda:InvokeFunction", { "lambda:InvokedViaFunctionUrl": "true" })
  );
}

function mayDo(
  authorize: Authorize,
  { principal, resource, policy, sourceIp, headers, nowMs }: UrlCall,
  action: string,
  conditions: PolicyRequest["conditions"],
): boolean {
  const caller: PolicyRequest["principal"] = principal ? { kind: "account", ...principalOf(principal) } : ANONYMOUS;
  const decision = evaluatePolicy(policy, {
    action,
    resource,
    principal: caller,
    conditions: {
      ...conditions,
      ...requestConditions(nowMs),
      "aws:SourceIp": sourceIp,
      ...(headers.referer !== undefined && { "aws:Referer": headers.referer }),
      ...(headers["user-agent"] !== undefined && { "aws:UserAgent": headers["user-agent"] }),
      ...(principal && { "aws:PrincipalAccount": principal.accountId, "aws:PrincipalType": typeOf(principal) }),
    },
  });
  if (decision === "deny") return false;
  const isAllowed = principal !== undefined && authorize(principal, action, resource);
  const isOwnAccount = principal?.accountId === resource.split(":")[4];
  // Another account's caller needs both: its own rights and the owner's policy.
  if (principal !== undefined && !isOwnAccount) return isAllowed && decision === "allow";
  return isAllowed || decision === "allow";
}

const ANONYMOUS = { kind: "anonymous" } as const;

const typeOf = ({ kind }: Principal): string => (kind === "administrator" ? "Account" : "AssumedRole");

const principalOf = ({ arn, accountId }: Principal) => ({ arn, accountId });
