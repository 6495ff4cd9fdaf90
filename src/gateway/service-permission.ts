/**
 * Which permission of IAM's an operation needs (service authorization reference). Most are called like the operation;
 * the exceptions stand here as data. Which resource is meant is known before the input is read for Lambda and S3 alone.
 */
import type { Place } from "../functions/function-name.ts";
import { bucketAddress } from "../wire/bucket-address.ts";
import type { WireService } from "../wire/service.ts";
import { lambdaPermission, type Permission } from "./lambda-permission.ts";
import type { RequestHead } from "./request-head.ts";

/** By signing name, operation → action. Batches need no other permission than what is in them. */
const ACTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sns: { PublishBatch: "Publish" },
  sqs: {
    ChangeMessageVisibilityBatch: "ChangeMessageVisibility",
    DeleteMessageBatch: "DeleteMessage",
    SendMessageBatch: "SendMessage",
  },
  s3: {
    CompleteMultipartUpload: "PutObject",
    CopyObject: "PutObject",
    CreateMultipartUpload: "PutObject",
    DeleteBucketCors: "PutBucketCORS",
    DeleteBucketLifecycle: "PutLifecycleConfiguration",
    DeleteBucketTagging: "PutBucketTagging",
    DeleteObjects: "DeleteObject",
    GetBucketCors: "GetBucketCORS",
    GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
    GetBucketNotificationConfiguration: "GetBucketNotification",
    GetPublicAccessBlock: "GetBucketPublicAccessBlock",
    HeadBucket: "ListBucket",
    HeadObject: "GetObject",
    ListBuckets: "ListAllMyBuckets",
    ListMultipartUploads: "ListBucketMultipartUploads",
    ListObjectVersions: "ListBucketVersions",
    ListObjects: "ListBucket",
    ListObjectsV2: "ListBucket",
    ListParts: "ListMultipartUploadParts",
    PutBucketCors: "PutBucketCORS",
    PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
    PutBucketNotificationConfiguration: "PutBucketNotification",
    PutPublicAccessBlock: "PutBucketPublicAccessBlock",
    UploadPart: "PutObject",
    UploadPartCopy: "PutObject",
  },
};

/** What no policy can take from anybody. */
const FOR_EVERYBODY: ReadonlySet<string> = new Set(["sts:GetCallerIdentity"]);

/** @returns all that must be given; none for what everybody may who can sign */
export function permissionsOf(
  service: Pick<WireService, "name" | "signingName">,
  operation: string,
  head: Pick<RequestHead, "method" | "path" | "query" | "headers">,
  place: Place,
): readonly Permission[] {
  if (service.signingName !== "s3") return ofOthers(service, operation, head, place);
  const source = COPIES.has(operation) ? head.headers["x-amz-copy-source"] : undefined;
  const own = s3Permission(operation, head);
  return source === undefined ? [own] : [own, sourcePermission(source)];
}

function ofOthers(
  service: Pick<WireService, "name" | "signingName">,
  operation: string,
  head: Pick<RequestHead, "method" | "path" | "query">,
  place: Place,
): readonly Permission[] {
  const { signingName } = service;
  if (signingName === "lambda") return [lambdaPermission(operation, head, place)];
  // API Gateway's actions are the methods of HTTP, and one for all that connections are told.
  if (signingName === "apigateway") return [{ action: `apigateway:${head.method}`, resource: "*" }];
  if (signingName === "execute-api") return [{ action: "execute-api:ManageConnections", resource: "*" }];
  const action = `${signingName}:${ACTIONS[signingName]?.[operation] ?? operation}`;
  return FOR_EVERYBODY.has(action) ? [] : [{ action, resource: "*" }];
}

/** Those that may be asked of one version of an object have another name then. */
const OF_VERSIONS: ReadonlySet<string> = new Set([
  "DeleteObject",
  "DeleteObjectTagging",
  "GetObject",
  "GetObjectAcl",
  "GetObjectAttributes",
  "GetObjectTagging",
  "PutObjectTagging",
]);

function s3Permission(operation: string, head: Pick<RequestHead, "path" | "query" | "headers">): Permission {
  const named = ACTIONS.s3?.[operation] ?? operation;
  const isOfVersion = OF_VERSIONS.has(named) && new URLSearchParams(head.query).has("versionId");
  const action = `s3:${isOfVersion ? named.replace("Object", "ObjectVersion") : named}`;
  const { bucket, key } = bucketAddress(head.headers.host ?? "", head.path);
  if (bucket === undefined) return { action, resource: "*" };
  // What DeleteObjects deletes stands in its body.
  const within = operation === "DeleteObjects" ? "/*" : key === undefined ? "" : `/${decoded(key)}`;
  return { action, resource: `arn:aws:s3:::${decoded(bucket)}${within}` };
}

const COPIES: ReadonlySet<string> = new Set(["CopyObject", "UploadPartCopy"]);

/** @param source `bucket/key?versionId=id`, percent-encoded */
function sourcePermission(source: string): Permission {
  const [path = "", version] = source.replace(/^\//, "").split("?versionId=");
  const action = version === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  return { action, resource: `arn:aws:s3:::${decoded(path)}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
