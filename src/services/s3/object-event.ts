/**
 * What S3 tells of an object: the record that Lambda, SQS and SNS get, and the event that EventBridge gets (contract/08 §3;
 * EventBridge's from the S3 user guide, "Using EventBridge").
 */
import type { ObjectVersion } from "./object-version.ts";
import { NULL_VERSION, sequencer } from "./object-version.ts";
import type { CallContext } from "./s3-api.ts";

export type EventName =
  | "ObjectCreated:Put"
  | "ObjectCreated:Post"
  | "ObjectCreated:Copy"
  | "ObjectCreated:CompleteMultipartUpload"
  | "ObjectRemoved:Delete"
  | "ObjectRemoved:DeleteMarkerCreated"
  | "ObjectTagging:Put"
  | "ObjectTagging:Delete"
  | "LifecycleExpiration:Delete"
  | "LifecycleExpiration:DeleteMarkerCreated";

/** Who did it. */
export type Actor = Pick<CallContext, "requestId" | "principal" | "region" | "accountId" | "sourceIp">;

export interface ObjectEvent {
  readonly name: EventName;
  readonly version: ObjectVersion;
  /** Set when the event is not as old as the version: a deletion or a tagging. */
  readonly seq?: number;
  readonly timeMs: number;
  readonly actor: Actor;
}

/** Of every notification that a topic gets. */
export const MAIL_SUBJECT = "Amazon S3 Notification";

export const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;

/** As forms encode it: the record's key. */
export function encodedKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replace(/[!'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

const LOOPBACK = "127.0.0.1";
/** IPv4 within IPv6, as Node tells it of sockets that listen on both. */
const sourceIp = ({ sourceIp: address = LOOPBACK }: Actor): string => address.replace(/^::ffff:/, "");

/** The account, or the role and its session. */
const principalId = ({ principal }: Actor): string =>
  `AWS:${
    principal.arn.endsWith(":root")
      ? principal.accountId
      : principal.arn
          .split(":")
          .slice(5)
          .join(":")
          .replace(/^assumed-role\//, "")
          .replace("/", ":")
  }`;

/** @param configurationId of the notification that asks for it */
export function eventMessage({ name, version, seq, timeMs, actor }: ObjectEvent, configurationId: string): object {
  const { bucket, key, size, etag, versionId } = version;
  const isRemoval = name.startsWith("ObjectRemoved") || name.startsWith("LifecycleExpiration");
  const record = {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: actor.region,
    eventTime: new Date(timeMs).toISOString(),
    eventName: name,
    userIdentity: { principalId: principalId(actor) },
    requestParameters: { sourceIPAddress: sourceIp(actor) },
    responseElements: { "x-amz-request-id": actor.requestId, "x-amz-id-2": hostId(actor.requestId) },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId,
      bucket: { name: bucket, ownerIdentity: { principalId: actor.accountId }, arn: bucketArn(bucket) },
      object: {
        key: encodedKey(key),
        ...(!isRemoval && { size, eTag: bare(etag) }),
        ...(version.isMarker && { eTag: "d41d8cd98f00b204e9800998ecf8427e" }),
        ...(versionId !== NULL_VERSION && { versionId }),
        sequencer: sequencer(seq ?? version.seq),
      },
    },
  };
  return { Records: [record] };
}

const hostId = (requestId: string): string => Buffer.from(requestId).toString("base64");
const bare = (etag: string): string => etag.replaceAll('"', "");

const DETAIL_TYPES: Readonly<
  Record<EventName, readonly [detailType: string, reason: Readonly<Record<string, string>>]>
> = {
  "ObjectCreated:Put": ["Object Created", { reason: "PutObject" }],
  "ObjectCreated:Post": ["Object Created", { reason: "POST Object" }],
  "ObjectCreated:Copy": ["Object Created", { reason: "CopyObject" }],
  "ObjectCreated:CompleteMultipartUpload": ["Object Created", { reason: "CompleteMultipartUpload" }],
  "ObjectRemoved:Delete": ["Object Deleted", { reason: "DeleteObject", "deletion-type": "Permanently Deleted" }],
  "ObjectRemoved:DeleteMarkerCreated": [
    "Object Deleted",
    { reason: "DeleteObject", "deletion-type": "Delete Marker Created" },
  ],
  "ObjectTagging:Put": ["Object Tags Added", {}],
  "ObjectTagging:Delete": ["Object Tags Deleted", {}],
  "LifecycleExpiration:Delete": [
    "Object Deleted",
    { reason: "Lifecycle Expiration", "deletion-type": "Permanently Deleted" },
  ],
  "LifecycleExpiration:DeleteMarkerCreated": [
    "Object Deleted",
    { reason: "Lifecycle Expiration", "deletion-type": "Delete Marker Created" },
  ],
};

/** One entry of PutEvents. */
export function busEntry({ name, version, seq, timeMs, actor }: ObjectEvent): object {
  const { bucket, key, size, etag, versionId, isMarker } = version;
  const [detailType, reason] = DETAIL_TYPES[name];
  const isCreation = detailType === "Object Created";
  return {
    source: "aws.s3",
    "detail-type": detailType,
    time: new Date(timeMs).toISOString(),
    resources: [bucketArn(bucket)],
    detail: {
      version: "0",
      bucket: { name: bucket },
      object: {
        key,
        ...(isCreation && { size }),
        ...(!isMarker && detailType !== "Object Deleted" && { etag: bare(etag) }),
        ...(versionId !== NULL_VERSION && { "version-id": versionId }),
        ...(detailType !== "Object Tags Added" &&
          detailType !== "Object Tags Deleted" && { sequencer: sequencer(seq ?? version.seq) }),
      },
      "request-id": actor.requestId,
      requester: actor.accountId,
      "source-ip-address": sourceIp(actor),
      ...reason,
    },
  };
}
