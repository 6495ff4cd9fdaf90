/** Multipart uploads: begin, send parts, complete or give up. The object is its parts' files: nothing is copied. */
import { createHash } from "node:crypto";
import { streamOf } from "../../wire/whole-body.ts";
import { BodyDigest, type ChecksumMembers, expectedChecksum, memberOf, shownChecksum } from "./checksums.ts";
import { checkWriteConditions, namesEtag } from "./conditions.ts";
import { checkWritten, readHeaders, readMetadata, readTagging, readUploadChecksum } from "./object-input.ts";
import { MAX_OBJECT_BYTES } from "./object-operations.ts";
import { ownerOf, shownVersionId } from "./object-output.ts";
import type { ObjectStore } from "./object-store.ts";
import { wholeSeconds } from "./object-version.ts";
import type { S3Handlers, S3Input } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";
import type { Part, Upload } from "./uploads.ts";
import { wholeChecksum } from "./whole-checksum.ts";

const SMALLEST_PART_BYTES = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;
const PAGE = 1000;

/** @throws ServiceError InvalidArgument */
export function checkPartNumber(number: number): number {
  if (number >= 1 && number <= MAX_PARTS) return number;
  return refuse("InvalidArgument", {
    message: "Part number must be an integer between 1 and 10000, inclusive",
    members: { ArgumentName: "partNumber", ArgumentValue: number },
  });
}

export function multipartHandlers(store: ObjectStore) {
  const { uploads } = store;

  return {
    async CreateMultipartUpload(input) {
      checkWritten(input);
      const about = {
        headers: readHeaders(input),
        metadata: readMetadata(input.Metadata),
        tags: readTagging(input.Tagging),
        ...readUploadChecksum(input.ChecksumAlgorithm, input.ChecksumType),
        ...(input.StorageClass !== undefined && { storageClass: input.StorageClass }),
      };
      return {
        Bucket: input.Bucket,
        Key: input.Key,
        UploadId: await uploads.begin(input.Bucket, input.Key, about),
        ...(about.checksumName && { ChecksumAlgorithm: about.checksumName, ChecksumType: about.checksumType }),
      };
    },

    async UploadPart(input) {
      const number = checkPartNumber(input.PartNumber);
      const upload = uploads.get(input.Bucket, input.Key, input.UploadId);
      const { Body: body = streamOf(Buffer.alloc(0)) } = input;
      if (body.length === undefined) refuse("MissingContentLength");
      if (body.length > MAX_OBJECT_BYTES) refuse("EntityTooLarge", { members: { ProposedSize: body.length } });
      const { checksumName } = upload.about;
      const expected = expectedChecksum(input, body);
      if (checksumName !== undefined && expected !== undefined && expected.name !== checksumName) {
        refuse("InvalidRequest", {
          message: `Checksum Type mismatch occurred, expected checksum Type: ${checksumName.toLowerCase()}, actual checksum Type: ${expected.name.toLowerCase()}`,
        });
      }
      const wanted = expected ?? (checksumName && { name: checksumName });
      const { segment, md5, checksum } = await store.receive(body, new BodyDigest(wanted, input.ContentMD5));
      const etag = `"${md5.toString("hex")}"`;
      await store.putPart(upload, number, segment, etag, checksum);
      return { ETag: etag, ...(wanted && { [memberOf(checksum.name)]: checksum.value }) };
    },

    async CompleteMultipartUpload(input, context) {
      checkWriteConditions(input);
      const upload = uploads.get(input.Bucket, input.Key, input.UploadId);
      const parts = chosenParts(upload, uploads.parts(upload.id), input.MultipartUpload?.Parts ?? []);
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      if (input.MpuObjectSize !== undefined && Number(input.MpuObjectSize) !== size) {
        refuse("InvalidRequest", {
          message: `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
        });
      }
      const checksum = await objectChecksum(upload, parts, input);
      const etag = etagOf(parts);
      const { headers, metadata, tags, storageClass } = upload.about;
      const about = {
        headers,
        metadata,
        ...(storageClass !== undefined && { storageClass }),
        ...(checksum && { checksum }),
        segments: parts.filter((part) => part.size > 0).map(({ file, size: bytes }) => ({ file, size: bytes })),
        parts: parts.map((part) => ({
          number: part.number,
          size: part.size,
          ...(part.checksum && upload.about.checksumName && { checksum: part.checksum.value }),
        })),
      };
      const { version, bucket } = await store.put(
        input.Bucket,
        { key: input.Key, size, etag, tags, about },
        {
          event: "ObjectCreated:CompleteMultipartUpload",
          caller: context,
          conditions: input,
          also: () => {
            const current = uploads.parts(uploads.get(input.Bucket, input.Key, input.UploadId).id);
            // A part that was sent again meanwhile is another file.
            if (parts.some(({ file }) => !current.some((one) => one.file === file))) refuse("InvalidPart");
            uploads.end(upload);
          },
        },
      );
      return {
        Location: `${context.endpoint}/${input.Bucket}/${encodeURIComponent(input.Key)}`,
        Bucket: input.Bucket,
        Key: input.Key,
        ETag: etag,
        ...shownChecksum(checksum),
        ...shownVersionId(bucket, version),
      };
    },

    async AbortMultipartUpload(input) {
      await uploads.abort(input.Bucket, input.Key, input.UploadId);
      await store.removeGarbage();
      return {};
    },

    ListParts(input, context) {
      const upload = uploads.get(input.Bucket, input.Key, input.UploadId);
      const limit = pageOf(input.MaxParts, "max-parts");
      const after = Number(input.PartNumberMarker ?? 0);
      if (!Number.isInteger(after) || after < 0) {
        refuse("InvalidArgument", { message: "Provided part-number-marker not an integer or within integer range" });
      }
      const found = uploads.parts(upload.id, after, limit + 1);
      const parts = found.slice(0, limit);
      const { checksumName, checksumType, storageClass } = upload.about;
      const owner = ownerOf(context.accountId);
      return {
        Bucket: input.Bucket,
        Key: input.Key,
        UploadId: upload.id,
        PartNumberMarker: String(after),
        NextPartNumberMarker: String(parts.at(-1)?.number ?? 0),
        MaxParts: limit,
        IsTruncated: found.length > limit,
        Parts: parts.map((part) => ({
          PartNumber: part.number,
          LastModified: wholeSeconds(part.modifiedMs),
          ETag: part.etag,
          Size: part.size,
          ...(checksumName && part.checksum && { [memberOf(part.checksum.name)]: part.checksum.value }),
        })),
        Initiator: owner,
        Owner: owner,
        StorageClass: storageClass ?? "STANDARD",
        ...(checksumName && { ChecksumAlgorithm: checksumName, ChecksumType: checksumType }),
      };
    },
  } satisfies S3Handlers;
}

/** @throws ServiceError InvalidArgument */
export function pageOf(given: number | undefined, name: string): number {
  if (given !== undefined && given < 0) {
    refuse("InvalidArgument", {
      message: `Argument ${name} must be an integer between 0 and 2147483647`,
      members: { ArgumentName: name, ArgumentValue: given },
    });
  }
  return Math.min(given ?? PAGE, PAGE);
}

type GivenPart = NonNullable<NonNullable<S3Input<"CompleteMultipartUpload">["MultipartUpload"]>["Parts"]>[number];

/** @throws ServiceError MalformedXML, InvalidPart, InvalidPartOrder, EntityTooSmall */
function chosenParts(upload: Upload, sent: readonly Part[], given: readonly GivenPart[]): Part[] {
  if (given.length === 0) refuse("MalformedXML");
  const byNumber = new Map(sent.map((part) => [part.number, part]));
  let last = 0;
  const parts = given.map((one) => {
    const number = one.PartNumber ?? 0;
    if (number <= last) refuse("InvalidPartOrder", { members: { UploadId: upload.id } });
    last = number;
    const part = byNumber.get(number);
    if (!part || one.ETag === undefined || !namesEtag(one.ETag, part.etag) || !fits(one, part)) {
      return refuse("InvalidPart", { members: { UploadId: upload.id, PartNumber: number, ETag: one.ETag ?? "" } });
    }
    return part;
  });
  for (const { number, size, etag } of parts.slice(0, -1)) {
    if (size < SMALLEST_PART_BYTES) {
      refuse("EntityTooSmall", {
        members: {
          ProposedSize: size,
          MinSizeAllowed: SMALLEST_PART_BYTES,
          PartNumber: number,
          ETag: etag.replaceAll('"', ""),
        },
      });
    }
  }
  return parts;
}

/** The checksum that was given with the part, where one was. */
function fits(given: ChecksumMembers, { checksum }: Part): boolean {
  if (checksum === undefined) return true;
  const value = given[memberOf(checksum.name)];
  return value === undefined || value === checksum.value;
}

/** MD5 of the MD5s of the parts, and their number. */
function etagOf(parts: readonly Part[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag.replaceAll('"', ""), "hex"));
  return `"${md5.digest("hex")}-${parts.length}"`;
}

/** @throws ServiceError BadDigest when it is not what the sender computed */
async function objectChecksum(upload: Upload, parts: readonly Part[], input: S3Input<"CompleteMultipartUpload">) {
  const [first] = parts;
  // Without a wish S3 computes one of its own over the whole object.
  const name = upload.about.checksumName ?? first?.checksum?.name;
  if (name === undefined || parts.some(({ checksum }) => checksum?.name !== name)) return undefined;
  const type = upload.about.checksumType ?? "FULL_OBJECT";
  if (upload.about.checksumName === undefined && name !== "CRC64NVME") return undefined;
  const checksum = await wholeChecksum(
    name,
    type,
    parts.map((part) => ({ value: part.checksum?.value ?? "", size: part.size })),
  );
  const wanted = input[memberOf(name)];
  if (wanted !== undefined && wanted !== checksum.value && `${wanted}-${parts.length}` !== checksum.value) {
    refuse("BadDigest", { message: `The ${name.toLowerCase()} you specified did not match the calculated checksum.` });
  }
  return checksum;
}
