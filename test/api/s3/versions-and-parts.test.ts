/** Versions and multipart uploads through the AWS SDK. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { TestRegion } from "../../test-region.ts";
import { newBucket, put, refused, s3Client } from "./s3.ts";

const PART = 5 * 1024 * 1024;
const md5 = (bytes: Uint8Array): Buffer => createHash("md5").update(bytes).digest();

let region: TestRegion;
let s3: S3Client;
before(async () => {
  region = await TestRegion.start();
  s3 = s3Client(region);
});
after(() => region.stop());

const get = async (Bucket: string, Key: string, VersionId?: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString();

describe("versions", () => {
  const versioning = (Bucket: string, Status: "Enabled" | "Suspended") =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  const remove = (Bucket: string, Key: string, VersionId?: string) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  const versions = async (Bucket: string) => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    return { versions: Versions.map((one) => one.VersionId), markers: DeleteMarkers.map((one) => one.VersionId) };
  };

  test("are kept while versioning is on, each to be read and removed by its id", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k", "zero");
    await versioning(Bucket, "Enabled");
    const one = await put(s3, Bucket, "k", "one");
    const two = await put(s3, Bucket, "k", "two");
    assert.deepEqual((await versions(Bucket)).versions, [two.VersionId, one.VersionId, "null"]);
    assert.deepEqual(
      [await get(Bucket, "k"), await get(Bucket, "k", one.VersionId), await get(Bucket, "k", "null")],
      ["two", "one", "zero"],
    );
    await remove(Bucket, "k", two.VersionId);
    assert.equal(await get(Bucket, "k"), "one");
    await refused(get(Bucket, "k", two.VersionId), 404, "NoSuchVersion");
  });

  test("hide behind a delete marker, and come back when that is removed", async () => {
    const Bucket = await newBucket(s3);
    await versioning(Bucket, "Enabled");
    await put(s3, Bucket, "k", "one");
    const { DeleteMarker, VersionId } = await remove(Bucket, "k");
    assert.equal(DeleteMarker, true);
    await refused(get(Bucket, "k"), 404, "NoSuchKey");
    await refused(get(Bucket, "k", VersionId), 405, "MethodNotAllowed");
    assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
    const removed = await remove(Bucket, "k", VersionId);
    assert.deepEqual([removed.DeleteMarker, removed.VersionId], [true, VersionId]);
    assert.equal(await get(Bucket, "k"), "one");
  });

  test("are one, called null, while versioning is suspended", async () => {
    const Bucket = await newBucket(s3);
    await versioning(Bucket, "Enabled");
    const kept = await put(s3, Bucket, "k", "kept");
    await versioning(Bucket, "Suspended");
    assert.equal((await put(s3, Bucket, "k", "a")).VersionId, "null");
    await put(s3, Bucket, "k", "b");
    assert.deepEqual((await versions(Bucket)).versions, ["null", kept.VersionId]);
    const { VersionId } = await remove(Bucket, "k");
    assert.equal(VersionId, "null");
    assert.deepEqual(await versions(Bucket), { versions: [kept.VersionId], markers: ["null"] });
    await remove(Bucket, "k", "null");
    assert.equal(await get(Bucket, "k"), "kept");
  });

  test("are listed in pages that go on within a key", async () => {
    const Bucket = await newBucket(s3);
    await versioning(Bucket, "Enabled");
    const made: (string | undefined)[] = [];
    for (const key of ["a", "a", "a", "b"]) made.push((await put(s3, Bucket, key)).VersionId);
    const [a1, a2, a3, b] = made;
    const seen: (string | undefined)[] = [];
    let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (let isTruncated: boolean | undefined = true; isTruncated; ) {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...marker }));
      seen.push(...(page.Versions ?? []).map(({ VersionId }) => VersionId));
      marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      isTruncated = page.IsTruncated;
    }
    assert.deepEqual(seen, [a3, a2, a1, b]);
  });
});

describe("multipart uploads", () => {
  const begin = async (Bucket: string, Key: string, more: object = {}) =>
    (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? "";
  const send = (upload: { Bucket: string; Key: string; UploadId: string }, PartNumber: number, Body: Uint8Array) =>
    s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
  const complete = (
    upload: { Bucket: string; Key: string; UploadId: string },
    Parts: { PartNumber: number; ETag?: string | undefined }[],
    more: object = {},
  ) => s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));

  test("become one object of their parts, in order, with metadata, ETag and parts that can be read alone", async () => {
    const Bucket = await newBucket(s3);
    const first = Buffer.alloc(PART, "a");
    const upload = {
      Bucket,
      Key: "big",
      UploadId: await begin(Bucket, "big", { Metadata: { a: "1" }, ContentType: "a/b" }),
    };
    const three = await send(upload, 3, Buffer.from("tail"));
    await send(upload, 1, Buffer.alloc(PART, "x"));
    const one = await send(upload, 1, first);
    const parts = await s3.send(new ListPartsCommand(upload));
    assert.deepEqual(
      parts.Parts?.map((part) => [part.PartNumber, part.Size]),
      [
        [1, PART],
        [3, 4],
      ],
    );
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    assert.deepEqual(
      Uploads.map((open) => [open.Key, open.UploadId]),
      [["big", upload.UploadId]],
    );
    const done = await complete(upload, [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 3, ETag: three.ETag },
    ]);
    const etag = `"${md5(Buffer.concat([md5(first), md5(Buffer.from("tail"))])).toString("hex")}-2"`;
    assert.equal(done.ETag, etag);
    const object = await s3.send(new GetObjectCommand({ Bucket, Key: "big" }));
    assert.deepEqual([object.ContentLength, object.Metadata, object.ContentType], [PART + 4, { a: "1" }, "a/b"]);
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    assert.ok(bytes.equals(Buffer.concat([first, Buffer.from("tail")])));
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: "big", PartNumber: 3 }));
    assert.deepEqual([part.PartsCount, part.ContentRange], [2, `bytes ${PART}-${PART + 3}/${PART + 4}`]);
    assert.equal(await part.Body?.transformToString(), "tail");
    const across = await s3.send(new GetObjectCommand({ Bucket, Key: "big", Range: `bytes=${PART - 2}-${PART + 1}` }));
    assert.equal(await across.Body?.transformToString(), "aata");
    await refused(s3.send(new ListPartsCommand(upload)), 404, "NoSuchUpload");
  });

  test("are refused when parts are missing, small, out of order or others than were sent", async () => {
    const Bucket = await newBucket(s3);
    const upload = { Bucket, Key: "k", UploadId: await begin(Bucket, "k") };
    const one = await send(upload, 1, Buffer.from("small"));
    const two = await send(upload, 2, Buffer.from("small"));
    const [a, b] = [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two.ETag },
    ];
    await refused(complete(upload, [a, b]), 400, "EntityTooSmall");
    await refused(complete(upload, [b, a]), 400, "InvalidPartOrder");
    await refused(complete(upload, [a, { PartNumber: 3, ETag: one.ETag }]), 400, "InvalidPart");
    await refused(complete(upload, [{ PartNumber: 1, ETag: '"0"' }]), 400, "InvalidPart");
    await refused(complete(upload, []), 400, "MalformedXML");
    await refused(send(upload, 10_001, Buffer.from("x")), 400, "InvalidArgument");
    await refused(complete({ ...upload, UploadId: "none" }, [a]), 404, "NoSuchUpload");
    await put(s3, Bucket, "k", "there");
    await refused(complete(upload, [a], { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    await complete(upload, [a]);
    assert.equal(await get(Bucket, "k"), "small");
  });

  test("that are given up leave nothing", async () => {
    const Bucket = await newBucket(s3);
    const upload = { Bucket, Key: "k", UploadId: await begin(Bucket, "k") };
    await send(upload, 1, Buffer.from("x"));
    await s3.send(new AbortMultipartUploadCommand(upload));
    await refused(send(upload, 1, Buffer.from("x")), 404, "NoSuchUpload");
    await refused(s3.send(new AbortMultipartUploadCommand(upload)), 404, "NoSuchUpload");
    assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined);
  });

  test("take parts from other objects", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "source", Buffer.alloc(PART, "s"));
    const upload = { Bucket, Key: "k", UploadId: await begin(Bucket, "k") };
    const copy = (PartNumber: number, CopySourceRange?: string) =>
      s3.send(new UploadPartCopyCommand({ ...upload, PartNumber, CopySource: `${Bucket}/source`, CopySourceRange }));
    const one = await copy(1);
    const two = await copy(2, "bytes=0-2");
    assert.equal(two.CopyPartResult?.ETag, `"${md5(Buffer.from("sss")).toString("hex")}"`);
    await refused(copy(2, `bytes=0-${PART}`), 400, "InvalidArgument");
    await complete(upload, [
      { PartNumber: 1, ETag: one.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
    ]);
    assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: "k" }))).ContentLength, PART + 3);
  });

  test("of the SDK's own uploader have a checksum of the whole, in each kind that there is", async () => {
    const Bucket = await newBucket(s3);
    const bytes = randomBytes(PART * 2 + 1000);
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA256"] as const) {
      const params = { Bucket, Key: ChecksumAlgorithm, Body: bytes, ChecksumAlgorithm };
      const done = await new Upload({ client: s3, params, partSize: PART }).done();
      const isWhole = ChecksumAlgorithm === "CRC64NVME";
      assert.equal(done.ChecksumType, isWhole ? "FULL_OBJECT" : "COMPOSITE");
      assert.match(done[`Checksum${ChecksumAlgorithm}`] ?? "", isWhole ? /^[^-]+$/ : /-3$/);
      // The SDK compares what it gets with the checksum where that is of the whole.
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: ChecksumAlgorithm, ChecksumMode: "ENABLED" }));
      assert.equal(got[`Checksum${ChecksumAlgorithm}`], done[`Checksum${ChecksumAlgorithm}`]);
      assert.ok(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes));
    }
    const plain = await put(s3, Bucket, "plain", bytes, { ChecksumAlgorithm: "CRC64NVME" });
    const parts = await s3.send(new HeadObjectCommand({ Bucket, Key: "CRC64NVME", ChecksumMode: "ENABLED" }));
    assert.equal(parts.ChecksumCRC64NVME, plain.ChecksumCRC64NVME, "parts or not, it is the checksum of the bytes");
  });
});
