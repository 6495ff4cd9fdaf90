/** How answers show an object. */
import { sha256Hex } from "../../state/ids.ts";
import type { Bucket } from "./buckets.ts";
import { shownChecksum } from "./checksums.ts";
import { type ObjectVersion, wholeSeconds } from "./object-version.ts";

/** The account as S3 names it: 64 hexadecimal digits. */
export const ownerOf = (accountId: string) => ({ ID: sha256Hex(`canonical user of ${accountId}`) });

/** Shown by all but buckets that were never versioned. */
export function shownVersionId(
  { versioning }: Bucket,
  { versionId }: Pick<ObjectVersion, "versionId">,
): { VersionId?: string } {
  return versioning === undefined ? {} : { VersionId: versionId };
}

export const storageClass = ({ about }: ObjectVersion): string => about.storageClass ?? "STANDARD";

/** What GetObject and HeadObject have in common. */
export function shownObject(bucket: Bucket, version: ObjectVersion) {
  const { headers, metadata, storageClass: kept } = version.about;
  const { Expires, ...plain } = headers;
  const tags = Object.keys(version.tags).length;
  return {
    ...plain,
    ...(Expires !== undefined && { Expires: new Date(Expires) }),
    AcceptRanges: "bytes",
    ETag: version.etag,
    LastModified: wholeSeconds(version.modifiedMs),
    Metadata: metadata,
    ...shownVersionId(bucket, version),
    ...(kept !== undefined && kept !== "STANDARD" && { StorageClass: kept }),
    ...(tags > 0 && { TagCount: tags }),
  };
}

/** As entry of a list. */
export function listedObject(version: ObjectVersion) {
  const { checksum } = version.about;
  return {
    Key: version.key,
    LastModified: wholeSeconds(version.modifiedMs),
    ETag: version.etag,
    ...(checksum && { ChecksumAlgorithm: [checksum.name], ChecksumType: checksum.type }),
    Size: version.size,
    StorageClass: storageClass(version),
  };
}

/** Where the caller asked for it, and only of a whole object: S3 knows none of parts of its own choice. */
export function checksumIfAsked(mode: string | undefined, version: ObjectVersion) {
  return mode?.toUpperCase() === "ENABLED" ? shownChecksum(version.about.checksum) : {};
}
