/** The resource policy of a queue: who may send to it besides its account, and how AddPermission writes that down. */
import type { Place } from "../../functions/function-name.ts";
import { listOf, type PolicyDocument, type PolicyStatement } from "../../functions/policy-document.ts";
import { evaluatePolicy } from "../../functions/policy-evaluation.ts";
import type { Sender } from "../../invocation/targets.ts";
import type { Queue } from "./queue.ts";
import { queueArn } from "./queue-address.ts";

export function isPolicyDocument(text: string): boolean {
  try {
    const policy = JSON.parse(text);
    const statements: readonly unknown[] = listOf(policy?.Statement);
    return (
      statements.length > 0 && statements.every((statement) => typeof statement === "object" && statement !== null)
    );
  } catch {
    return false;
  }
}

export function policyOf({ definition }: Queue): PolicyDocument | undefined {
  const { Policy: text } = definition.attributes;
  return text ? (JSON.parse(text) as PolicyDocument) : undefined;
}

/** contract/08 §2 */
export function maySend(place: Place, queue: Queue, sender: Sender): boolean {
  if (sender.usesRole) return true;
  const decision = evaluatePolicy(policyOf(queue), {
    action: "sqs:SendMessage",
    resource: queueArn(place, queue.name),
    principal: { kind: "service", service: sender.principal },
    conditions: { "aws:SourceArn": sender.arn, "aws:SourceAccount": sender.accountId },
  });
  return decision === "allow";
}

export interface Permission {
  readonly label: string;
  readonly accountIds: readonly string[];
  readonly actions: readonly string[];
}

/** Recorded; a list of one is that one. */
export function withPermission(
  policy: PolicyDocument | undefined,
  arn: string,
  permission: Permission,
): PolicyDocument {
  const single = (list: readonly string[]) => (list.length === 1 ? (list[0] as string) : [...list]);
  const statement = {
    Sid: permission.label,
    Effect: "Allow",
    Principal: { AWS: single(permission.accountIds.map((id) => `arn:aws:iam::${id}:root`)) },
    Action: single(permission.actions.map((action) => `SQS:${action}`)),
    Resource: arn,
  } satisfies PolicyStatement;
  const before = policy ?? { Version: "2008-10-17", Id: `${arn}/__default_policy_ID` };
  return { ...before, Statement: [...listOf(policy?.Statement), statement] };
}
