/** GetObjectAttributes: what HeadObject tells, chosen by name, and the parts of an object. */
import { memberOf, shownChecksum } from "./checksums.ts";
import { pageOf } from "./multipart-operations.ts";
import { readVersionId } from "./object-input.ts";
import { shownVersionId, storageClass } from "./object-output.ts";
import { type ObjectStore, readable } from "./object-store.ts";
import { type ObjectVersion, wholeSeconds } from "./object-version.ts";
import type { S3Handlers } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

const ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

export function attributeHandlers(store: ObjectStore) {
  return {
    GetObjectAttributes(input) {
      const bucket = store.buckets.get(input.Bucket);
      const version = readable(store.index, input.Bucket, input.Key, readVersionId(input.VersionId));
      const wanted: readonly string[] = input.ObjectAttributes;
      if (wanted.length === 0 || !wanted.every((name) => ATTRIBUTES.includes(name))) {
        refuse("InvalidArgument", { message: "Invalid attribute name specified." });
      }
      const { checksum } = version.about;
      const after = Number(input.PartNumberMarker ?? 0);
      return {
        LastModified: wholeSeconds(version.modifiedMs),
        ...shownVersionId(bucket, version),
        ...(wanted.includes("ETag") && { ETag: version.etag.replaceAll('"', "") }),
        ...(wanted.includes("Checksum") && checksum && { Checksum: shownChecksum(checksum) }),
        ...(wanted.includes("ObjectParts") &&
          version.about.parts && { ObjectParts: shownParts(version, after, pageOf(input.MaxParts, "max-parts")) }),
        ...(wanted.includes("StorageClass") && { StorageClass: storageClass(version) }),
        ...(wanted.includes("ObjectSize") && { ObjectSize: version.size }),
      };
    },
  } satisfies S3Handlers;
}

function shownParts({ about }: ObjectVersion, after: number, limit: number) {
  const parts = about.parts ?? [];
  const name = about.checksum?.name;
  const behind = parts.filter(({ number }) => number > after);
  const shown = behind.slice(0, limit);
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(shown.at(-1)?.number ?? 0),
    MaxParts: limit,
    IsTruncated: behind.length > limit,
    // S3 tells the parts themselves only where they have checksums.
    ...(name &&
      shown.every(({ checksum }) => checksum !== undefined) && {
        Parts: shown.map(({ number, size, checksum }) => ({
          PartNumber: number,
          Size: size,
          [memberOf(name)]: checksum,
        })),
      }),
  };
}
