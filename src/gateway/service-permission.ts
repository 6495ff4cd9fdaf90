/**
 * Which permission of IAM's an operation needs (service authorization reference). Most are called like the operation;
 * the exceptions stand here as data. Which resource is meant is known before the input is read for Lambda alone.
 */
import type { Place } from "../functions/function-name.ts";
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

/** @returns undefined for what everybody may who can sign */
export function permissionOf(
  service: Pick<WireService, "name" | "signingName">,
  operation: string,
  head: Pick<RequestHead, "method" | "path" | "query">,
  place: Place,
): Permission | undefined {
  const { signingName } = service;
  if (signingName === "lambda") return lambdaPermission(operation, head, place);
  // API Gateway's actions are the methods of HTTP, and one for all that connections are told.
  if (signingName === "apigateway") return { action: `apigateway:${head.method}`, resource: "*" };
  if (signingName === "execute-api") return { action: "execute-api:ManageConnections", resource: "*" };
  const action = `${signingName}:${ACTIONS[signingName]?.[operation] ?? operation}`;
  return FOR_EVERYBODY.has(action) ? undefined : { action, resource: "*" };
}
