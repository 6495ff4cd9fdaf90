/** What is asked before any operation: whose bucket the caller takes it for, and whether somebody unknown may. */
import type { CallContext } from "../../wire/service.ts";
import { decide } from "./bucket-policy.ts";
import type { ObjectStore } from "./object-store.ts";
import type { S3Handlers } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

/** What a bucket's policy may let those do who do not sign, and the permission for it. */
const OPEN = {
  GetObject: "s3:GetObject",
  HeadBucket: "s3:ListBucket",
  HeadObject: "s3:GetObject",
  ListObjects: "s3:ListBucket",
  ListObjectsV2: "s3:ListBucket",
} as const;

type OpenName = keyof typeof OPEN;
export const OPEN_OPERATIONS = Object.keys(OPEN) as OpenName[];

interface AnyInput {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly VersionId?: string;
  readonly ExpectedBucketOwner?: string;
  readonly ExpectedSourceBucketOwner?: string;
}
type AnyHandler = (input: AnyInput, context: CallContext) => unknown;

export function guarded(handlers: S3Handlers, store: ObjectStore): S3Handlers {
  const wrapped = Object.entries(handlers).map(([name, handler]) => {
    const call: AnyHandler = (input, context) => {
      checkOwner(input.ExpectedBucketOwner, context);
      checkOwner(input.ExpectedSourceBucketOwner, context);
      if (context.principal.kind === "anonymous") checkAnonymous(store, name as OpenName, input);
      return (handler as AnyHandler)(input, context);
    };
    return [name, call];
  });
  return Object.fromEntries(wrapped);
}

function checkOwner(expected: string | undefined, { accountId }: CallContext): void {
  if (expected !== undefined && expected !== accountId) refuse("AccessDenied");
}

/** Nobody who does not sign learns whether a bucket is there that is not open to them. */
function checkAnonymous(store: ObjectStore, name: OpenName, { Bucket = "", Key, VersionId }: AnyInput): void {
  const bucket = store.buckets.find(Bucket);
  const action = VersionId === undefined || OPEN[name] !== "s3:GetObject" ? OPEN[name] : "s3:GetObjectVersion";
  const decision = bucket && decide(bucket, action, Key, { kind: "anonymous" });
  if (decision !== "allow") refuse("AccessDenied");
}
