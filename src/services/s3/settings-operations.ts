/** What is set for a bucket besides its versioning, tags and notifications; and the access lists, which are always the same. */
import type { PolicyDocument } from "../../functions/policy-document.ts";
import { accessBlock, isPublic, readPolicy } from "./bucket-policy.ts";
import type { SettingKind } from "./buckets.ts";
import type { CorsRule } from "./cors-rules.ts";
import { checkAcl, readVersionId } from "./object-input.ts";
import { ownerOf } from "./object-output.ts";
import { type ObjectStore, readable } from "./object-store.ts";
import type { CallContext, S3Handlers, S3Input } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

const CORS_METHODS = ["GET", "PUT", "HEAD", "POST", "DELETE"];
const MAX_CORS_RULES = 100;

export function settingsHandlers(store: ObjectStore) {
  const { buckets } = store;
  const setting = <T>(bucket: string, kind: SettingKind): T | undefined =>
    buckets.get(bucket).settings[kind] as T | undefined;

  return {
    GetBucketCors(input) {
      const rules = setting<readonly CorsRule[]>(input.Bucket, "cors");
      if (rules === undefined) return refuse("NoSuchCORSConfiguration", { members: { BucketName: input.Bucket } });
      return { CORSRules: rules };
    },

    async PutBucketCors(input) {
      const rules = input.CORSConfiguration.CORSRules;
      if (rules.length === 0 || rules.length > MAX_CORS_RULES) refuse("MalformedXML");
      for (const rule of rules) checkCorsRule(rule);
      await buckets.set(input.Bucket, "cors", rules);
      return {};
    },

    async DeleteBucketCors(input) {
      await buckets.set(input.Bucket, "cors", undefined);
      return {};
    },

    GetBucketPolicy(input) {
      const policy = setting<{ text: string }>(input.Bucket, "policy");
      if (policy === undefined) return refuse("NoSuchBucketPolicy", { members: { BucketName: input.Bucket } });
      return { Policy: policy.text };
    },

    async PutBucketPolicy(input) {
      const bucket = buckets.get(input.Bucket);
      const document = readPolicy(input.Policy, input.Bucket);
      if (accessBlock(bucket).BlockPublicPolicy && isPublic(document)) refuse("AccessDenied");
      await buckets.set(input.Bucket, "policy", { text: input.Policy, document });
      return {};
    },

    async DeleteBucketPolicy(input) {
      await buckets.set(input.Bucket, "policy", undefined);
      return {};
    },

    GetBucketPolicyStatus(input) {
      const policy = setting<{ document: PolicyDocument }>(input.Bucket, "policy");
      if (policy === undefined) return refuse("NoSuchBucketPolicy", { members: { BucketName: input.Bucket } });
      return { PolicyStatus: { IsPublic: isPublic(policy.document) } };
    },

    GetBucketOwnershipControls(input) {
      const kept = setting<{ Rules: { ObjectOwnership: string }[] }>(input.Bucket, "ownership");
      return { OwnershipControls: kept ?? { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } };
    },

    async PutBucketOwnershipControls(input) {
      await buckets.set(input.Bucket, "ownership", input.OwnershipControls);
      return {};
    },

    async DeleteBucketOwnershipControls(input) {
      await buckets.set(input.Bucket, "ownership", undefined);
      return {};
    },

    GetPublicAccessBlock(input) {
      const kept = setting<S3Input<"PutPublicAccessBlock">["PublicAccessBlockConfiguration"]>(
        input.Bucket,
        "publicAccessBlock",
      );
      if (kept === undefined) {
        return refuse("NoSuchPublicAccessBlockConfiguration", { members: { BucketName: input.Bucket } });
      }
      return { PublicAccessBlockConfiguration: kept };
    },

    async PutPublicAccessBlock(input) {
      await buckets.set(input.Bucket, "publicAccessBlock", input.PublicAccessBlockConfiguration);
      return {};
    },

    async DeletePublicAccessBlock(input) {
      await buckets.set(input.Bucket, "publicAccessBlock", undefined);
      return {};
    },

    GetBucketAcl(input, context) {
      buckets.get(input.Bucket);
      return ownersAlone(context);
    },

    GetObjectAcl(input, context) {
      buckets.get(input.Bucket);
      readable(store.index, input.Bucket, input.Key, readVersionId(input.VersionId));
      return ownersAlone(context);
    },

    PutBucketAcl(input, context) {
      buckets.get(input.Bucket);
      checkAccess(input, context);
      return {};
    },

    PutObjectAcl(input, context) {
      buckets.get(input.Bucket);
      readable(store.index, input.Bucket, input.Key, readVersionId(input.VersionId));
      checkAccess(input, context);
      return {};
    },

    GetBucketRequestPayment(input) {
      buckets.get(input.Bucket);
      return { Payer: "BucketOwner" };
    },
  } satisfies S3Handlers;
}

function ownersAlone({ accountId }: CallContext) {
  const owner = ownerOf(accountId);
  return { Owner: owner, Grants: [{ Grantee: { ...owner, Type: "CanonicalUser" }, Permission: "FULL_CONTROL" }] };
}

/** The one list that there can be may be set again. @throws ServiceError AccessControlListNotSupported */
function checkAccess(input: S3Input<"PutBucketAcl"> | S3Input<"PutObjectAcl">, { accountId }: CallContext): void {
  checkAcl(input);
  const grants = input.AccessControlPolicy?.Grants;
  if (grants === undefined) return;
  const owner = ownerOf(accountId).ID;
  const isPlain = grants.every(({ Grantee, Permission }) => Grantee?.ID === owner && Permission === "FULL_CONTROL");
  if (!isPlain) refuse("AccessControlListNotSupported");
}

function checkCorsRule(rule: CorsRule): void {
  const invalid = (message: string): never => refuse("InvalidRequest", { message });
  for (const method of rule.AllowedMethods) {
    if (!CORS_METHODS.includes(method)) {
      invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
    }
  }
  for (const origin of rule.AllowedOrigins) {
    if (origin.split("*").length > 2) invalid(`AllowedOrigin "${origin}" can not have more than one wildcard.`);
  }
  for (const header of rule.AllowedHeaders ?? []) {
    if (header.split("*").length > 2) invalid(`AllowedHeader "${header}" can not have more than one wildcard.`);
  }
  for (const header of rule.ExposeHeaders ?? []) {
    if (header.includes("*"))
      invalid(`ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`);
  }
  if (rule.AllowedMethods.length === 0 || rule.AllowedOrigins.length === 0) refuse("MalformedXML");
}
