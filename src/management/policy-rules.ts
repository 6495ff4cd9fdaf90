/**
 * What a policy document must be to become a function's resource policy: what PutResourcePolicy checks. That a document
 * is refused, and the length's text, are AWS's; the words for what is wrong in a document are ours (unverified).
 */
import { isConditionOperator } from "../functions/policy-conditions.ts";
import {
  listOf,
  type OneOrMore,
  type PolicyDocument,
  type PolicyStatement,
  STATEMENT_ELEMENTS,
} from "../functions/policy-document.ts";
import type { LambdaFail } from "./lambda-api.ts";

const MAX_BYTES = 20_480;
const VERSIONS: readonly unknown[] = ["2012-10-17", "2008-10-17"];
const DOCUMENT_MEMBERS = ["Version", "Id", "Statement"];
const PRINCIPAL_TYPES = ["AWS", "Service", "Federated", "CanonicalUser"];
const AWS_PRINCIPAL = /^(\*|\d{12}|arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:[^*?]+)$/;
const ACTION = /^(\*|lambda:[a-zA-Z*?]+)$/i;

/** As it is stored, shown and measured. */
export function policyText(policy: PolicyDocument): string {
  return JSON.stringify(policy);
}

/** @throws PolicyLengthExceededException */
export function checkPolicyLength(fail: LambdaFail, policy: PolicyDocument): void {
  const bytes = Buffer.byteLength(policyText(policy));
  if (bytes <= MAX_BYTES) return;
  fail("PolicyLengthExceededException", `The final policy size (${bytes}) is bigger than the limit (${MAX_BYTES}).`);
}

/**
 * @param resource ARN of the function, version or alias whose policy it is to be
 * @throws InvalidParameterValueException for the first thing that is wrong
 */
export function parsePolicy(fail: LambdaFail, text: string, resource: string): PolicyDocument {
  const document = parsed(text);
  const fault = document === undefined ? "The policy is not valid JSON" : documentFault(document, resource);
  if (fault !== undefined) fail("InvalidParameterValueException", `The provided policy is invalid. ${fault}.`);
  return document as unknown as PolicyDocument;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function documentFault(document: unknown, resource: string): string | undefined {
  if (!isObject(document)) return "The policy must be a JSON object";
  const unknown = Object.keys(document).find((member) => !DOCUMENT_MEMBERS.includes(member));
  if (unknown !== undefined) return `${unknown} is not an element of a policy`;
  if (document.Version !== undefined && !VERSIONS.includes(document.Version)) {
    return "Version must be 2012-10-17 or 2008-10-17";
  }
  if (document.Id !== undefined && typeof document.Id !== "string") return "Id must be a string";
  const statements = listOf(document.Statement as OneOrMore<unknown> | undefined);
  if (statements.length === 0) return "Statement must not be empty";
  const sids = new Set<unknown>();
  for (const statement of statements) {
    if (!isObject(statement)) return "Each Statement must be a JSON object";
    const fault = statementFault(statement as Record<keyof PolicyStatement, unknown>, resource);
    if (fault !== undefined) return fault;
    if (statement.Sid !== undefined && sids.has(statement.Sid)) return `Sid ${statement.Sid} is not unique`;
    sids.add(statement.Sid);
  }
  return undefined;
}

function statementFault(statement: Record<keyof PolicyStatement, unknown>, resource: string): string | undefined {
  const unknown = Object.keys(statement).find((member) => !STATEMENT_ELEMENTS.includes(member));
  if (unknown !== undefined) return `${unknown} is not an element of a Statement`;
  const { Sid: sid, Effect: effect } = statement;
  if (sid !== undefined && (typeof sid !== "string" || !/^[a-zA-Z0-9-_]{0,100}$/.test(sid))) {
    return "Sid must consist of letters, digits, - and _";
  }
  if (effect !== "Allow" && effect !== "Deny") return "Effect must be Allow or Deny";
  for (const element of ["Principal", "Action", "Resource"] as const) {
    const given = statement[element] !== undefined;
    const negated = statement[`Not${element}`] !== undefined;
    if (given === negated) return `A Statement must have either ${element} or Not${element}`;
  }
  if (effect === "Allow" && statement.NotPrincipal !== undefined) return "NotPrincipal must not be used with Allow";
  return (
    principalFault(statement.Principal ?? statement.NotPrincipal) ??
    textsFault("Action", statement.Action ?? statement.NotAction, (action) => ACTION.test(action)) ??
    textsFault("Resource", statement.Resource ?? statement.NotResource, (arn) => arn === resource) ??
    conditionFault(statement.Condition)
  );
}

function principalFault(principal: unknown): string | undefined {
  if (principal === "*") return undefined;
  if (!isObject(principal) || Object.keys(principal).length === 0) return "Principal must be * or a JSON object";
  for (const [type, names] of Object.entries(principal)) {
    if (!PRINCIPAL_TYPES.includes(type)) return `${type} is not a type of principals`;
    const isPossible = (name: string) => (type === "AWS" ? AWS_PRINCIPAL.test(name) : name !== "" && name !== "*");
    const fault = textsFault("Principal", names, isPossible);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function conditionFault(condition: unknown): string | undefined {
  if (condition === undefined) return undefined;
  if (!isObject(condition)) return "Condition must be a JSON object";
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isConditionOperator(operator)) return `${operator} is not a condition operator`;
    if (!isObject(keys)) return `Condition ${operator} must be a JSON object`;
    for (const [key, values] of Object.entries(keys)) {
      const scalars = listOf(values as OneOrMore<unknown>);
      if (!scalars.every((value) => ["string", "boolean", "number"].includes(typeof value))) {
        return `Condition ${operator} has a value of ${key} that is no text`;
      }
      // Taken as text they would not deny what they are meant to.
      if (scalars.some((value) => String(value).includes("${")))
        return "Policy variables are not served by this region yet";
    }
  }
  return undefined;
}

function textsFault(element: string, value: unknown, isPossible: (text: string) => boolean): string | undefined {
  const texts = listOf(value as OneOrMore<unknown>);
  if (texts.length === 0) return `${element} must not be empty`;
  const wrong = texts.find((text) => typeof text !== "string" || !isPossible(text));
  return wrong === undefined ? undefined : `${element} ${JSON.stringify(wrong)} is not valid`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
