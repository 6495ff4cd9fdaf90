/** PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects. */

import { ServiceError } from "../../wire/service-error.ts";
import { streamOf } from "../../wire/whole-body.ts";
import { readRange } from "./byte-range.ts";
import { BodyDigest, expectedChecksum, shownChecksum } from "./checksums.ts";
import { checkRead, checkWriteConditions, namesEtag } from "./conditions.ts";
import { checkKey, checkWritten, readHeaders, readMetadata, readTagging, readVersionId } from "./object-input.ts";
import { checksumIfAsked, shownObject, shownVersionId } from "./object-output.ts";
import { type ObjectStore, readable } from "./object-store.ts";
import { type ObjectVersion, wholeSeconds } from "./object-version.ts";
import type { CallContext, S3Handlers, S3Input } from "./s3-api.ts";
import { refuse, s3Error } from "./s3-errors.ts";

export const MAX_OBJECT_BYTES = 5 * 1024 ** 3;
const MAX_DELETED = 1000;

export function objectHandlers(store: ObjectStore) {
  /** What GetObject and HeadObject send: the part that is asked for, and the head that goes with it. */
  function selected(input: S3Input<"GetObject"> | S3Input<"HeadObject">) {
    const bucket = store.buckets.get(input.Bucket);
    checkKey(input.Key);
    const version = readable(store.index, input.Bucket, input.Key, readVersionId(input.VersionId));
    checkRead(input, version);
    const { size, about } = version;
    const part = partOf(version, input.PartNumber, input.Range);
    const range = part ?? readRange(input.Range, size);
    if (range === "unsatisfiable") {
      refuse("InvalidRange", {
        members: { RangeRequested: input.Range ?? "", ActualObjectSize: size },
        headers: { "content-range": `bytes */${size}` },
      });
    }
    const { first, last } = range ?? { first: 0, last: size - 1 };
    const head = {
      ...shownObject(bucket, version),
      ...overridden(input),
      ContentLength: last - first + 1,
      ...(range && { ContentRange: `bytes ${first}-${last}/${size}` }),
      ...(range ? {} : checksumIfAsked(input.ChecksumMode, version)),
      ...(input.PartNumber !== undefined && about.parts && { PartsCount: about.parts.length }),
    };
    return { version, first, last, head };
  }

  return {
    async PutObject(input, context) {
      const { Bucket: bucket, Key: key, Body: body = streamOf(Buffer.alloc(0)) } = input;
      checkWritten(input);
      checkWriteConditions(input);
      store.buckets.get(bucket);
      if (body.length === undefined) refuse("MissingContentLength");
      if (body.length > MAX_OBJECT_BYTES) {
        refuse("EntityTooLarge", { members: { ProposedSize: body.length, MaxSizeAllowed: MAX_OBJECT_BYTES } });
      }
      const about = {
        headers: readHeaders(input),
        metadata: readMetadata(input.Metadata),
        ...(input.StorageClass !== undefined && { storageClass: input.StorageClass }),
      };
      const tags = readTagging(input.Tagging);
      const digest = new BodyDigest(expectedChecksum(input, body), input.ContentMD5);
      const { segment, md5, checksum } = await store.receive(body, digest);
      const etag = `"${md5.toString("hex")}"`;
      const written = { key, size: segment.size, etag, tags, about: { ...about, checksum, segments: [segment] } };
      const put = await store.put(bucket, written, { event: "ObjectCreated:Put", caller: context, conditions: input });
      return { ETag: etag, ...shownChecksum(checksum), ...shownVersionId(put.bucket, put.version) };
    },

    async GetObject(input) {
      const { version, first, last, head } = selected(input);
      return { ...head, Body: await opened(store, version, first, last) };
    },

    HeadObject: (input) => selected(input).head,

    async DeleteObject(input, context) {
      checkKey(input.Key);
      const { IfMatch } = input;
      const check = (current: ObjectVersion | undefined): void => {
        if (IfMatch === undefined || current === undefined || namesEtag(IfMatch, current.etag)) return;
        refuse("PreconditionFailed", { members: { Condition: "If-Match" } });
      };
      return deleted(store, input.Bucket, input.Key, readVersionId(input.VersionId), context, check);
    },

    async DeleteObjects(input, context) {
      const { Bucket: bucket, Delete } = input;
      store.buckets.get(bucket);
      if (Delete.Objects.length === 0 || Delete.Objects.length > MAX_DELETED) refuse("MalformedXML");
      // All at once: they share one commit.
      const outcomes = await Promise.all(
        Delete.Objects.map(async ({ Key, VersionId }) => {
          const named = { Key, ...(VersionId !== undefined && { VersionId }) };
          try {
            checkKey(Key);
            const done = await deleted(store, bucket, Key, readVersionId(VersionId), context);
            return { deleted: { ...named, ...marker(done, VersionId) } };
          } catch (error) {
            const { code, message } = error instanceof ServiceError ? error : s3Error("AccessDenied");
            if (!(error instanceof ServiceError)) throw error;
            return { error: { ...named, Code: code, Message: message } };
          }
        }),
      );
      return {
        ...(!Delete.Quiet && { Deleted: outcomes.flatMap((outcome) => outcome.deleted ?? []) }),
        Errors: outcomes.flatMap((outcome) => outcome.error ?? []),
      };
    },
  } satisfies S3Handlers;
}

/** @throws ServiceError NoSuchBucket and what `check` throws */
async function deleted(
  store: ObjectStore,
  bucketName: string,
  key: string,
  versionId: string | undefined,
  context: CallContext,
  check?: (current: ObjectVersion | undefined) => void,
): Promise<{ VersionId?: string; DeleteMarker?: boolean }> {
  const { bucket, marker: made, removed } = await store.delete(bucketName, key, versionId, context, check);
  if (made) return { DeleteMarker: true, VersionId: made.versionId };
  if (versionId === undefined) return {};
  return {
    ...(bucket.versioning !== undefined && { VersionId: versionId }),
    ...(removed?.isMarker && { DeleteMarker: true }),
  };
}

/** In DeleteObjects a delete marker's id stands apart from the version that was named. */
function marker(
  { DeleteMarker, VersionId }: { DeleteMarker?: boolean; VersionId?: string },
  named: string | undefined,
) {
  if (!DeleteMarker) return {};
  return { DeleteMarker, DeleteMarkerVersionId: VersionId ?? named };
}

/** Between the look at the index and the opening of its file an object may have been replaced. */
async function opened(store: ObjectStore, version: ObjectVersion, first: number, last: number) {
  try {
    return await store.files.read(version.about.segments, first, last);
  } catch (error) {
    const now = store.index.find(version.bucket, version.key, version.versionId);
    if (now?.seq === version.seq) throw error;
    return refuse("NoSuchKey", { members: { Key: version.key } });
  }
}

/** @returns undefined when no part is asked for @throws ServiceError InvalidPartNumber, InvalidRequest */
function partOf({ size, about }: ObjectVersion, number: number | undefined, range: string | undefined) {
  if (number === undefined) return undefined;
  if (range !== undefined) {
    refuse("InvalidRequest", { message: "Cannot specify both Range header and partNumber query parameter" });
  }
  if (number < 1 || number > 10_000) {
    refuse("InvalidArgument", { message: "Part number must be an integer between 1 and 10000, inclusive" });
  }
  const parts = about.parts ?? [{ number: 1, size }];
  const at = parts.findIndex((part) => part.number === number);
  const part = parts[at];
  if (part === undefined) {
    return refuse("InvalidPartNumber", { members: { PartNumberRequested: number, ActualPartCount: parts.length } });
  }
  if (part.size === 0) return undefined;
  const first = parts.slice(0, at).reduce((sum, { size: bytes }) => sum + bytes, 0);
  return { first, last: first + part.size - 1 };
}

/** What a URL that was signed for somebody else may say of the answer's head. */
function overridden(input: S3Input<"GetObject"> | S3Input<"HeadObject">) {
  const { ResponseExpires } = input;
  const given = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(ResponseExpires !== undefined && { Expires: wholeSeconds(ResponseExpires.getTime()) }),
  };
}
