/**
 * May this principal do that? Within the account its own rights suffice, or what the function's or layer's policy allows,
 * unless that policy denies it (contract/08 §2). The administrator is above all policies, and is never waited for.
 */
import { parseFunctionName } from "../functions/function-name.ts";
import { parseLayerVersionArn } from "../functions/layer-name.ts";
import type { PolicyDocument } from "../functions/policy-document.ts";
import { evaluatePolicy, type PolicyDecision, type PolicyRequest } from "../functions/policy-evaluation.ts";
import type { Principal } from "../wire/service.ts";
import type { Authorize } from "./authorization.ts";
import { refusal } from "./refusal.ts";

/** @param qualifier undefined for the function itself */
export type PolicyOf = (functionName: string, qualifier: string | undefined) => Promise<PolicyDocument | undefined>;

export type LayerPolicyOf = (layerName: string, version: number) => Promise<PolicyDocument | undefined>;

/** The policy of what a companion service keeps, by its ARN. */
export type ResourcePolicyOf = (resource: string) => PolicyDocument | undefined;

export interface PolicySources {
  readonly policyOf: PolicyOf;
  readonly layerPolicyOf: LayerPolicyOf;
  readonly resourcePolicyOf?: ResourcePolicyOf;
}

export class Permissions {
  readonly #authorize: Authorize;
  readonly #policies: PolicySources;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(authorize: Authorize, policies: PolicySources, now: () => number) {
    this.#authorize = authorize;
    this.#policies = policies;
    this.#now = now;
  }

  /**
   * @param action e.g. `lambda:InvokeFunction`
   * @param resource ARN, or `*` when the operation names no resource
   * @returns undefined when it is known at once that the principal may
   * @throws ServiceError, or rejects with it: AccessDeniedException in IAM's words
   */
  require(principal: Principal, action: string, resource: string): Promise<void> | undefined {
    if (principal.kind === "administrator") {
      if (!this.#authorize(principal, action, resource)) refuse(principal, action, resource, NOT_ALLOWED(action));
      return undefined;
    }
    return this.#requireByPolicies(principal, action, resource);
  }

  async #requireByPolicies(principal: Principal, action: string, resource: string): Promise<void> {
    const decision = await this.#decide(principal, action, resource);
    if (decision === "deny") {
      refuse(principal, action, resource, "with an explicit deny in a resource-based policy");
    }
    if (decision === "allow" || this.#authorize(principal, action, resource)) return;
    refuse(principal, action, resource, NOT_ALLOWED(action));
  }

  async #decide(principal: Principal, action: string, resource: string): Promise<PolicyDecision> {
    // The policy of the function itself is that of its $LATEST, too.
    const named = resource.replace(/:\$LATEST$/, "");
    const policy = await this.#policyFor(named);
    if (policy === undefined) return "none";
    const { arn, accountId } = principal;
    return evaluatePolicy(policy, {
      action,
      resource: named,
      principal: { kind: "account", arn, accountId },
      conditions: {
        ...requestConditions(this.#now()),
        "aws:PrincipalAccount": accountId,
        "aws:PrincipalType": "AssumedRole",
      },
    });
  }

  async #policyFor(resource: string): Promise<PolicyDocument | undefined> {
    const layer = parseLayerVersionArn(resource);
    if (layer) return this.#policies.layerPolicyOf(layer.name, layer.version);
    const target = resource.includes(":function:") ? parseFunctionName(resource) : undefined;
    if (target) return this.#policies.policyOf(target.name, target.qualifier);
    return this.#policies.resourcePolicyOf?.(resource);
  }
}

/** What policies may ask of every request. @param nowMs milliseconds since 1970 */
export function requestConditions(nowMs: number): PolicyRequest["conditions"] {
  return {
    "aws:CurrentTime": new Date(nowMs).toISOString(),
    "aws:EpochTime": String(Math.floor(nowMs / 1000)),
    "aws:SecureTransport": "false",
    "aws:ViaAWSService": "false",
  };
}

const NOT_ALLOWED = (action: string): string => `because no identity-based policy allows the ${action} action`;

function refuse(principal: Principal, action: string, resource: string, why: string): never {
  throw refusal(
    "AccessDeniedException",
    `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}
