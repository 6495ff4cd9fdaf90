/** CopyObject and UploadPartCopy. */
import { copiedRange } from "./byte-range.ts";
import { BodyDigest, expectedChecksum, shownChecksum } from "./checksums.ts";
import { checkSource, checkWriteConditions } from "./conditions.ts";
import { checkPartNumber } from "./multipart-operations.ts";
import { checkWritten, readCopySource, readHeaders, readMetadata, readTagging } from "./object-input.ts";
import { MAX_OBJECT_BYTES } from "./object-operations.ts";
import { shownVersionId } from "./object-output.ts";
import { type ObjectStore, readable, type Written } from "./object-store.ts";
import { type ObjectVersion, wholeSeconds } from "./object-version.ts";
import type { S3Handlers, S3Input } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

export function copyHandlers(store: ObjectStore) {
  function source(input: S3Input<"CopyObject"> | S3Input<"UploadPartCopy">): ObjectVersion {
    const { bucket, key, versionId } = readCopySource(input.CopySource);
    store.buckets.get(bucket);
    const version = readable(store.index, bucket, key, versionId);
    checkSource(
      {
        IfMatch: input.CopySourceIfMatch,
        IfNoneMatch: input.CopySourceIfNoneMatch,
        IfModifiedSince: input.CopySourceIfModifiedSince,
        IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
      },
      version,
    );
    return version;
  }

  /** Reads the bytes and writes them again. */
  async function rewritten(
    version: ObjectVersion,
    first: number,
    last: number,
    algorithm: string | undefined,
  ): Promise<Written> {
    const bytes = await store.files.read(version.about.segments, first, last);
    return store.receive(bytes, new BodyDigest(expectedChecksum({ ChecksumAlgorithm: algorithm })));
  }

  /** Another name for the bytes, where their ETag and checksum stay what they are. */
  async function duplicated(version: ObjectVersion, algorithm: string | undefined): Promise<Written> {
    const { segments, checksum } = version.about;
    const [segment] = segments;
    const name = expectedChecksum({ ChecksumAlgorithm: algorithm })?.name;
    const isPlain = segments.length === 1 && !version.etag.includes("-");
    if (!segment || !isPlain || !checksum || (name ?? checksum.name) !== checksum.name) {
      return rewritten(version, 0, version.size - 1, algorithm ?? checksum?.name);
    }
    const md5 = Buffer.from(version.etag.replaceAll('"', ""), "hex");
    return { segment: await store.files.copy(segment), md5, checksum };
  }

  return {
    async CopyObject(input, context) {
      checkWritten(input);
      checkWriteConditions(input);
      store.buckets.get(input.Bucket);
      const version = source(input);
      if (version.size > MAX_OBJECT_BYTES) {
        refuse("InvalidRequest", {
          message: `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_OBJECT_BYTES}`,
        });
      }
      const replaces = directive(input.MetadataDirective, "metadata") === "REPLACE";
      const isItself = version.bucket === input.Bucket && version.key === input.Key && version.isLatest;
      if (isItself && !replaces && input.StorageClass === undefined && input.WebsiteRedirectLocation === undefined) {
        refuse("InvalidRequest", {
          message:
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
        });
      }
      const { WebsiteRedirectLocation: _, ...kept } = version.about.headers;
      const tags =
        directive(input.TaggingDirective, "tagging") === "REPLACE" ? readTagging(input.Tagging) : version.tags;
      const about = {
        headers: replaces ? readHeaders(input) : { ...kept, ...redirection(input.WebsiteRedirectLocation) },
        metadata: replaces ? readMetadata(input.Metadata) : version.about.metadata,
        ...(input.StorageClass !== undefined && { storageClass: input.StorageClass }),
      };
      const { segment, md5, checksum } = await duplicated(version, input.ChecksumAlgorithm);
      const etag = `"${md5.toString("hex")}"`;
      const made = {
        key: input.Key,
        size: segment.size,
        etag,
        tags,
        about: { ...about, checksum, segments: [segment] },
      };
      const put = await store.put(input.Bucket, made, {
        event: "ObjectCreated:Copy",
        caller: context,
        conditions: input,
      });
      return {
        CopyObjectResult: {
          ETag: etag,
          LastModified: wholeSeconds(put.version.modifiedMs),
          ...shownChecksum(checksum),
        },
        ...shownVersionId(put.bucket, put.version),
        ...sourceVersion(store, version),
      };
    },

    async UploadPartCopy(input) {
      const number = checkPartNumber(input.PartNumber);
      const upload = store.uploads.get(input.Bucket, input.Key, input.UploadId);
      const version = source(input);
      const range =
        input.CopySourceRange === undefined
          ? { first: 0, last: version.size - 1 }
          : (copiedRange(input.CopySourceRange, version.size) ??
            refuse("InvalidArgument", {
              message: `The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy, within the source of ${version.size} bytes`,
              members: { ArgumentName: "x-amz-copy-source-range", ArgumentValue: input.CopySourceRange },
            }));
      if (range.last - range.first + 1 > MAX_OBJECT_BYTES) refuse("EntityTooLarge");
      const { segment, md5, checksum } = await rewritten(version, range.first, range.last, upload.about.checksumName);
      const etag = `"${md5.toString("hex")}"`;
      const part = await store.putPart(upload, number, segment, etag, checksum);
      return {
        CopyPartResult: {
          ETag: etag,
          LastModified: wholeSeconds(part.modifiedMs),
          ...(upload.about.checksumName && shownChecksum(checksum)),
        },
        ...sourceVersion(store, version),
      };
    },
  } satisfies S3Handlers;
}

const redirection = (location: string | undefined) =>
  location === undefined ? {} : { WebsiteRedirectLocation: location };

function sourceVersion(store: ObjectStore, { bucket, versionId }: ObjectVersion) {
  return store.buckets.find(bucket)?.versioning === undefined ? {} : { CopySourceVersionId: versionId };
}

function directive(given: string | undefined, what: string): "COPY" | "REPLACE" {
  if (given === undefined || given === "COPY" || given === "REPLACE") return given ?? "COPY";
  return refuse("InvalidArgument", {
    message: `Unknown ${what} directive.`,
    members: { ArgumentName: `x-amz-${what}-directive`, ArgumentValue: given },
  });
}
