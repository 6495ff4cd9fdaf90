/** ListObjects (both versions), ListObjectVersions, ListMultipartUploads. */
import { allVersions, currentObjects, type Listed, list, openUploads } from "./listing.ts";
import { pageOf } from "./multipart-operations.ts";
import { listedObject, ownerOf } from "./object-output.ts";
import type { ObjectStore } from "./object-store.ts";
import { versionOf, wholeSeconds } from "./object-version.ts";
import type { S3Handlers } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";
import { uploadOf } from "./uploads.ts";

/** How keys are told: as they are, or percent-encoded for XML that cannot hold every character. */
type Tell = (text: string) => string;

const percentEncoded: Tell = (text) => encodeURIComponent(text).replaceAll("%2F", "/");

/** @throws ServiceError InvalidArgument */
function teller(encoding: string | undefined): Tell {
  if (encoding === undefined) return (text) => text;
  if (encoding === "url") return percentEncoded;
  return refuse("InvalidArgument", {
    message: "Invalid Encoding Method specified in Request",
    members: { ArgumentName: "encoding-type", ArgumentValue: encoding },
  });
}

const groups = ({ prefixes }: Listed, tell: Tell) => prefixes.map((prefix) => ({ Prefix: tell(prefix) }));

export function listHandlers(store: ObjectStore) {
  const { database, buckets } = store;

  return {
    ListObjects(input, context) {
      buckets.get(input.Bucket);
      const { Prefix: prefix = "", Delimiter: delimiter = "", Marker: after = "" } = input;
      const limit = pageOf(input.MaxKeys, "maxKeys");
      const tell = teller(input.EncodingType);
      const listed = list(currentObjects(database, input.Bucket), { prefix, delimiter, after, limit });
      return {
        Name: input.Bucket,
        Prefix: tell(prefix),
        Marker: tell(after),
        MaxKeys: limit,
        ...(delimiter !== "" && { Delimiter: tell(delimiter) }),
        ...(input.EncodingType && { EncodingType: input.EncodingType }),
        IsTruncated: listed.next !== undefined,
        // Without a delimiter the last key is the marker anyway.
        ...(listed.next !== undefined && delimiter !== "" && { NextMarker: tell(listed.next) }),
        Contents: contents(listed, tell, ownerOf(context.accountId)),
        CommonPrefixes: groups(listed, tell),
      };
    },

    ListObjectsV2(input, context) {
      buckets.get(input.Bucket);
      const {
        Prefix: prefix = "",
        Delimiter: delimiter = "",
        StartAfter: startAfter = "",
        ContinuationToken: token,
      } = input;
      const limit = pageOf(input.MaxKeys, "maxKeys");
      const tell = teller(input.EncodingType);
      const after = token === undefined ? startAfter : readToken(token);
      const listed = list(currentObjects(database, input.Bucket), { prefix, delimiter, after, limit });
      return {
        Name: input.Bucket,
        Prefix: tell(prefix),
        MaxKeys: limit,
        KeyCount: listed.rows.length + listed.prefixes.length,
        ...(delimiter !== "" && { Delimiter: tell(delimiter) }),
        ...(startAfter !== "" && { StartAfter: tell(startAfter) }),
        ...(token !== undefined && { ContinuationToken: token }),
        ...(input.EncodingType && { EncodingType: input.EncodingType }),
        IsTruncated: listed.next !== undefined,
        ...(listed.next !== undefined && { NextContinuationToken: writeToken(listed.next) }),
        Contents: contents(listed, tell, input.FetchOwner ? ownerOf(context.accountId) : undefined),
        CommonPrefixes: groups(listed, tell),
      };
    },

    ListObjectVersions(input, context) {
      const bucket = buckets.get(input.Bucket);
      const {
        Prefix: prefix = "",
        Delimiter: delimiter = "",
        KeyMarker: after = "",
        VersionIdMarker: versionId,
      } = input;
      if (versionId && after === "") {
        refuse("InvalidArgument", { message: "A version-id marker cannot be specified without a key marker." });
      }
      const limit = pageOf(input.MaxKeys, "maxKeys");
      const tell = teller(input.EncodingType);
      const afterEntry = versionId ? store.index.find(bucket.name, after, versionId)?.seq : undefined;
      if (versionId && afterEntry === undefined) {
        refuse("InvalidArgument", {
          message: "Invalid version id specified",
          members: { ArgumentName: "version-id-marker", ArgumentValue: versionId },
        });
      }
      const request = { prefix, delimiter, after, limit, ...(afterEntry !== undefined && { afterEntry }) };
      const listed = list(allVersions(database, bucket.name), request);
      const versions = listed.rows.map(versionOf);
      const owner = ownerOf(context.accountId);
      const shared = (version: (typeof versions)[number]) => ({
        Key: tell(version.key),
        VersionId: version.versionId,
        IsLatest: version.isLatest,
        LastModified: wholeSeconds(version.modifiedMs),
        Owner: owner,
      });
      return {
        Name: bucket.name,
        Prefix: tell(prefix),
        KeyMarker: tell(after),
        VersionIdMarker: versionId ?? "",
        MaxKeys: limit,
        ...(delimiter !== "" && { Delimiter: tell(delimiter) }),
        ...(input.EncodingType && { EncodingType: input.EncodingType }),
        IsTruncated: listed.next !== undefined,
        ...(listed.next !== undefined && { NextKeyMarker: tell(listed.next) }),
        ...(listed.lastRow && { NextVersionIdMarker: listed.lastRow.version_id as string }),
        Versions: versions
          .filter(({ isMarker }) => !isMarker)
          .map((version) => ({ ...listedObject(version), ...shared(version) })),
        DeleteMarkers: versions.filter(({ isMarker }) => isMarker).map(shared),
        CommonPrefixes: groups(listed, tell),
      };
    },

    ListMultipartUploads(input, context) {
      const bucket = buckets.get(input.Bucket);
      const { Prefix: prefix = "", Delimiter: delimiter = "", KeyMarker: after = "", UploadIdMarker: uploadId } = input;
      const limit = pageOf(input.MaxUploads, "max-uploads");
      const tell = teller(input.EncodingType);
      const request = { prefix, delimiter, after, limit, ...(uploadId && after !== "" && { afterEntry: uploadId }) };
      const listed = list(openUploads(database, bucket.name), request);
      const owner = ownerOf(context.accountId);
      return {
        Bucket: bucket.name,
        KeyMarker: tell(after),
        UploadIdMarker: uploadId ?? "",
        ...(listed.next !== undefined && { NextKeyMarker: tell(listed.next) }),
        ...(listed.lastRow && { NextUploadIdMarker: listed.lastRow.id as string }),
        Prefix: tell(prefix),
        ...(delimiter !== "" && { Delimiter: tell(delimiter) }),
        ...(input.EncodingType && { EncodingType: input.EncodingType }),
        MaxUploads: limit,
        IsTruncated: listed.next !== undefined,
        Uploads: listed.rows.map(uploadOf).map(({ id, key, initiatedMs, about }) => ({
          UploadId: id,
          Key: tell(key),
          Initiated: wholeSeconds(initiatedMs),
          StorageClass: about.storageClass ?? "STANDARD",
          Owner: owner,
          Initiator: owner,
          ...(about.checksumName && { ChecksumAlgorithm: about.checksumName, ChecksumType: about.checksumType }),
        })),
        CommonPrefixes: groups(listed, tell),
      };
    },
  } satisfies S3Handlers;
}

function contents({ rows }: Listed, tell: Tell, owner: { ID: string } | undefined) {
  return rows.map(versionOf).map((version) => ({
    ...listedObject(version),
    Key: tell(version.key),
    ...(owner && { Owner: owner }),
  }));
}

const writeToken = (after: string): string => Buffer.from(after).toString("base64url");

/** @throws ServiceError InvalidArgument */
function readToken(token: string): string {
  const bytes = Buffer.from(token, "base64url");
  if (token !== "" && bytes.toString("base64url") === token) return bytes.toString("utf8");
  return refuse("InvalidArgument", {
    message: "The continuation token provided is incorrect",
    members: { ArgumentName: "continuation-token" },
  });
}
