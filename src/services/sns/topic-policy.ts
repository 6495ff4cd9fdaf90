/** The resource policy of a topic: who may do what with it besides its account, and whom it keeps out. */
import type { Place } from "../../functions/function-name.ts";
import { listOf, type PolicyDocument, type PolicyStatement } from "../../functions/policy-document.ts";
import { evaluatePolicy } from "../../functions/policy-evaluation.ts";
import type { Sender } from "../../invocation/targets.ts";
import type { Principal } from "../../wire/service.ts";
import type { SnsFail } from "./refusal.ts";
import type { Topic } from "./topic.ts";

const OWNERS_ACTIONS = [
  "SNS:GetTopicAttributes",
  "SNS:SetTopicAttributes",
  "SNS:AddPermission",
  "SNS:RemovePermission",
  "SNS:DeleteTopic",
  "SNS:Subscribe",
  "SNS:ListSubscriptionsByTopic",
  "SNS:Publish",
];

/** What a topic has until somebody sets another. */
export function defaultPolicy(arn: string, { accountId }: Place): PolicyDocument {
  return {
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Effect: "Allow",
        Sid: "__default_statement_ID",
        Principal: { AWS: "*" },
        Action: OWNERS_ACTIONS,
        Resource: arn,
        Condition: { StringEquals: { "AWS:SourceOwner": accountId } },
      },
    ],
  };
}

export function policyOf(topic: Topic, place: Place): PolicyDocument {
  const { Policy: text } = topic.definition.attributes;
  return text ? (JSON.parse(text) as PolicyDocument) : defaultPolicy(topic.arn, place);
}

export function isPolicyDocument(text: string): boolean {
  try {
    const statements: readonly unknown[] = listOf(JSON.parse(text)?.Statement);
    return statements.length > 0 && statements.every((one) => typeof one === "object" && one !== null);
  } catch {
    return false;
  }
}

/** contract/08 §2: a service needs a statement of its own. */
export function mayPublish(topic: Topic, place: Place, sender: Sender): boolean {
  if (sender.usesRole) return true;
  const decision = evaluatePolicy(policyOf(topic, place), {
    action: "sns:Publish",
    resource: topic.arn,
    principal: { kind: "service", service: sender.principal },
    conditions: { "aws:SourceArn": sender.arn, "aws:SourceAccount": sender.accountId },
  });
  return decision === "allow";
}

/** That a caller's own rights suffice the gateway has seen to; a policy may still say no. @throws ServiceError */
export function requireNotDenied(
  fail: SnsFail,
  topic: Topic,
  place: Place,
  action: string,
  { kind, arn, accountId }: Principal,
): void {
  if (kind === "administrator") return;
  const decision = evaluatePolicy(policyOf(topic, place), {
    action: `sns:${action}`,
    resource: topic.arn,
    principal: kind === "anonymous" ? { kind } : { kind: "account", arn, accountId },
    conditions: { "aws:SourceOwner": accountId, "aws:PrincipalAccount": accountId },
  });
  if (decision !== "deny") return;
  const text = `User: ${arn} is not authorized to perform: SNS:${action} on resource: ${topic.arn} with an explicit deny in a resource-based policy`;
  fail("AuthorizationErrorException", text);
}

export function withPermission(
  policy: PolicyDocument,
  arn: string,
  permission: { readonly label: string; readonly accountIds: readonly string[]; readonly actions: readonly string[] },
): PolicyDocument {
  const single = (list: readonly string[]) => (list.length === 1 ? (list[0] as string) : [...list]);
  const statement: PolicyStatement = {
    Sid: permission.label,
    Effect: "Allow",
    Principal: { AWS: single(permission.accountIds.map((id) => `arn:aws:iam::${id}:root`)) },
    Action: single(permission.actions.map((action) => `SNS:${action}`)),
    Resource: arn,
  };
  return { ...policy, Statement: [...listOf(policy.Statement), statement] };
}
