/** A bucket's policy: what a document must be to become one, and what it says of a request (contract/08 §2). */
import { listOf, type PolicyDocument, STATEMENT_ELEMENTS } from "../../functions/policy-document.ts";
import { evaluatePolicy, type PolicyDecision, type RequestPrincipal } from "../../functions/policy-evaluation.ts";
import type { Bucket } from "./buckets.ts";
import { bucketArn } from "./object-event.ts";
import type { S3Input } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

const MAX_BYTES = 20_480;

/** @throws ServiceError MalformedPolicy */
export function readPolicy(text: string, bucket: string): PolicyDocument {
  const malformed = (message: string): never => refuse("MalformedPolicy", { message });
  if (Buffer.byteLength(text) > MAX_BYTES) malformed(`Policies must not exceed ${MAX_BYTES} bytes in size`);
  let document: PolicyDocument;
  try {
    document = JSON.parse(text);
  } catch {
    return malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    return malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  const statements = listOf(document.Statement);
  if (statements.length === 0) malformed("Missing required field Statement");
  for (const statement of statements) {
    if (typeof statement !== "object" || statement === null) return malformed("Policy has invalid statement");
    const unknown = Object.keys(statement).find((element) => !STATEMENT_ELEMENTS.includes(element));
    if (unknown !== undefined) malformed(`Unknown field ${unknown}`);
    if (statement.Effect !== "Allow" && statement.Effect !== "Deny")
      malformed(`Invalid effect: ${statement.Effect ?? ""}`);
    if ((statement.Principal ?? statement.NotPrincipal) === undefined) malformed("Missing required field Principal");
    const actions = listOf(statement.Action ?? statement.NotAction);
    if (actions.length === 0) malformed("Missing required field Action");
    if (!actions.every((action) => /^(\*|s3:[a-z*?]+)$/i.test(action))) malformed("Policy has invalid action");
    const resources = listOf(statement.Resource ?? statement.NotResource);
    if (resources.length === 0) malformed("Missing required field Resource");
    const isOurs = (arn: string): boolean =>
      arn === "*" ||
      arn === bucketArn(bucket) ||
      arn.startsWith(`${bucketArn(bucket)}/`) ||
      arn === `${bucketArn(bucket)}*`;
    if (!resources.every(isOurs)) malformed("Policy has invalid resource");
  }
  return document;
}

export function policyOf({ settings }: Bucket): PolicyDocument | undefined {
  return (settings.policy as { document: PolicyDocument } | undefined)?.document;
}

type AccessBlock = S3Input<"PutPublicAccessBlock">["PublicAccessBlockConfiguration"];

/** Policies that let everybody may be forbidden for a bucket, or made ineffective. */
export const accessBlock = ({ settings }: Bucket): AccessBlock =>
  (settings.publicAccessBlock as AccessBlock | undefined) ?? {};

/** Does it let everybody do something, without a condition that could say whom? */
export function isPublic(document: PolicyDocument | undefined): boolean {
  return listOf(document?.Statement).some(({ Effect, Principal, Condition }) => {
    if (Effect !== "Allow" || Condition !== undefined || Principal === undefined) return false;
    return Principal === "*" || listOf(Principal.AWS).includes("*");
  });
}

/** @param key undefined for what is asked of the bucket itself */
export function decide(
  bucket: Bucket,
  action: string,
  key: string | undefined,
  principal: RequestPrincipal,
): PolicyDecision {
  const policy = policyOf(bucket);
  if (principal.kind === "anonymous" && accessBlock(bucket).RestrictPublicBuckets && isPublic(policy)) return "none";
  const arn = bucketArn(bucket.name);
  return evaluatePolicy(policy, {
    action,
    resource: key === undefined ? arn : `${arn}/${key}`,
    principal,
    conditions: {},
  });
}
