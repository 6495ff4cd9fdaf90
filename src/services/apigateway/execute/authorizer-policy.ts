/** What a Lambda authorizer answers in the form of an IAM policy, and whether that lets a request in. */
import type { PolicyDocument, PolicyStatement } from "../../../functions/policy-document.ts";
import { listOf } from "../../../functions/policy-document.ts";
import { evaluatePolicy, type PolicyDecision } from "../../../functions/policy-evaluation.ts";

export interface IamDecision {
  readonly principalId: string;
  readonly policy: PolicyDocument;
  readonly context: Readonly<Record<string, unknown>>;
  /** An API key that the authorizer names. */
  readonly usageIdentifierKey?: string;
}

/** @returns undefined for what is no such answer */
export function iamDecision(payload: Buffer): IamDecision | undefined {
  const answer = parsed(payload);
  if (!answer) return undefined;
  const { principalId, policyDocument, context = {}, usageIdentifierKey } = answer;
  if (typeof principalId !== "string" || !isObject(policyDocument) || !isObject(context)) return undefined;
  const statements = listOf(policyDocument.Statement as PolicyDocument["Statement"] | undefined);
  if (statements.length === 0 || !statements.every(isStatement)) return undefined;
  // Identity policies name nobody: whom they are for is who is asked about.
  const policy: PolicyDocument = { Statement: statements.map((statement) => ({ ...statement, Principal: "*" })) };
  return { principalId, policy, context, ...(typeof usageIdentifierKey === "string" && { usageIdentifierKey }) };
}

export function decide({ policy }: IamDecision, arn: string, sourceIp: string): PolicyDecision {
  return evaluatePolicy(policy, {
    action: "execute-api:Invoke",
    resource: arn,
    principal: { kind: "anonymous" },
    conditions: { "aws:SourceIp": sourceIp },
  });
}

const isStatement = (statement: PolicyStatement): boolean =>
  isObject(statement) &&
  (statement.Effect === "Allow" || statement.Effect === "Deny") &&
  statement.Action !== undefined &&
  statement.Resource !== undefined;

/** The document of an answer, if it is an object. */
export function parsed(payload: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const document: unknown = JSON.parse(payload.toString());
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
