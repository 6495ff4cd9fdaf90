/** Buckets and objects through the AWS SDK. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectTaggingCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { TestRegion } from "../../test-region.ts";
import { newBucket, put, putAll, refused, s3Client } from "./s3.ts";

describe("buckets and objects", () => {
  let region: TestRegion;
  let s3: S3Client;
  before(async () => {
    region = await TestRegion.start();
    s3 = s3Client(region);
  });
  after(() => region.stop());

  const get = (Bucket: string, Key: string, more: object = {}) =>
    s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  const text = async (bucket: string, key: string, more: object = {}) =>
    (await get(bucket, key, more)).Body?.transformToString();

  test("a bucket is made, found, listed, made again by its owner, and deleted once it is empty", async () => {
    const Bucket = await newBucket(s3);
    await s3.send(new CreateBucketCommand({ Bucket }));
    assert.equal((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion, "us-east-1");
    assert.equal((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint, undefined);
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({ Prefix: Bucket }));
    assert.deepEqual(
      Buckets.map(({ Name }) => Name),
      [Bucket],
    );
    await put(s3, Bucket, "k");
    await refused(s3.send(new DeleteBucketCommand({ Bucket })), 409, "BucketNotEmpty");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
    await refused(s3.send(new HeadBucketCommand({ Bucket })), 404, "NotFound");
    await refused(put(s3, Bucket, "k"), 404, "NoSuchBucket", "The specified bucket does not exist");
  });

  test("names that no bucket may have, and places where there are none, are refused", async () => {
    for (const Bucket of ["ab", "Upper", "a..b", "192.168.1.1", "-a-b", "xn--abc", "under_score"]) {
      await refused(s3.send(new CreateBucketCommand({ Bucket })), 400, "InvalidBucketName");
    }
    const elsewhere = { LocationConstraint: "eu-west-1" as const };
    await refused(
      s3.send(new CreateBucketCommand({ Bucket: "elsewhere", CreateBucketConfiguration: elsewhere })),
      400,
      "IllegalLocationConstraintException",
    );
  });

  test("an object comes back with its bytes, headers and metadata", async () => {
    const Bucket = await newBucket(s3);
    const Key = "dir/ä b+c&d='e'?#%.txt";
    const expires = new Date("2030-01-02T03:04:05Z");
    const sent = await put(s3, Bucket, Key, "hello", {
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "max-age=60",
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentEncoding: "identity",
      ContentLanguage: "de",
      Expires: expires,
      Metadata: { one: "1", "two-words": "x y" },
      Tagging: "a=1&b=2",
    });
    assert.equal(sent.ETag, '"5d41402abc4b2a76b9719d911017c592"');
    for (const head of [await get(Bucket, Key), await s3.send(new HeadObjectCommand({ Bucket, Key }))]) {
      assert.deepEqual(
        [head.ContentLength, head.ETag, head.ContentType, head.CacheControl, head.ContentDisposition],
        [5, sent.ETag, "text/plain; charset=utf-8", "max-age=60", 'attachment; filename="a.txt"'],
      );
      assert.deepEqual([head.ContentEncoding, head.ContentLanguage, head.TagCount], ["identity", "de", 2]);
      assert.deepEqual(head.Metadata, { one: "1", "two-words": "x y" });
      assert.equal(head.ExpiresString, expires.toUTCString());
      assert.ok(head.LastModified instanceof Date);
    }
    assert.equal(await text(Bucket, Key), "hello");
    const overridden = await get(Bucket, Key, { ResponseContentType: "x/y", ResponseContentDisposition: "inline" });
    assert.deepEqual([overridden.ContentType, overridden.ContentDisposition], ["x/y", "inline"]);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    assert.deepEqual(
      Contents.map((one) => [one.Key, one.Size, one.ETag]),
      [[Key, 5, sent.ETag]],
    );
  });

  test("an empty object is empty", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "empty", "");
    const empty = await get(Bucket, "empty");
    assert.deepEqual(
      [empty.ContentLength, empty.ContentType, await empty.Body?.transformToString()],
      [0, "application/octet-stream", ""],
    );
  });

  test("keys with slashes, dots and spaces at odd places are keys like any other", async () => {
    const Bucket = await newBucket(s3);
    const keys = ["a//b", "/lead", "trail/", "a/../b", "./x", "..", " space ", "\u{1F600}", "%2F", "a+b", "a%20b"];
    await putAll(s3, Bucket, keys);
    for (const key of keys) assert.equal(await text(Bucket, key), key);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
    const order = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(
      Contents.map((one) => decodeURIComponent(one.Key ?? "")),
      order,
    );
    await refused(put(s3, Bucket, "k".repeat(1025)), 400, "KeyTooLongError");
  });

  test("a range of the bytes is a part, one beyond them is refused, and what is no range is taken no notice of", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k", "0123456789");
    for (const [Range, wanted, content] of [
      ["bytes=0-0", "bytes 0-0/10", "0"],
      ["bytes=3-", "bytes 3-9/10", "3456789"],
      ["bytes=-3", "bytes 7-9/10", "789"],
      ["bytes=8-100", "bytes 8-9/10", "89"],
      ["bytes=-100", "bytes 0-9/10", "0123456789"],
    ] as const) {
      const part = await get(Bucket, "k", { Range });
      assert.equal(part.$metadata.httpStatusCode, 206);
      assert.deepEqual([part.ContentRange, await part.Body?.transformToString()], [wanted, content]);
    }
    for (const Range of ["bytes=5-3", "lines=1-2", "bytes=0-1,3-4"]) {
      const whole = await get(Bucket, "k", { Range });
      assert.deepEqual([whole.$metadata.httpStatusCode, whole.ContentRange], [200, undefined]);
    }
    const message = "The requested range is not satisfiable";
    await refused(get(Bucket, "k", { Range: "bytes=10-" }), 416, "InvalidRange", message);
  });

  test("what is not there is refused in S3's words, with its resource and a request id", async () => {
    const Bucket = await newBucket(s3);
    await refused(get(Bucket, "gone"), 404, "NoSuchKey", "The specified key does not exist.");
    await refused(s3.send(new HeadObjectCommand({ Bucket, Key: "gone" })), 404, "NotFound");
    const error = await get(Bucket, "gone").catch((thrown) => thrown);
    assert.deepEqual([error.Code, error.Key, error.Resource], ["NoSuchKey", "gone", `/${Bucket}/gone`]);
    assert.ok(error.RequestId && error.HostId);
    assert.equal((await s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }))).$metadata.httpStatusCode, 204);
  });

  test("many objects are deleted at once, and only what failed is told when it is to be quiet", async () => {
    const Bucket = await newBucket(s3);
    await putAll(s3, Bucket, ["a", "b", "c"]);
    const remove = (Objects: { Key: string }[], Quiet = false) =>
      s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));
    const { Deleted = [], Errors } = await remove([{ Key: "a" }, { Key: "gone" }]);
    assert.deepEqual([Deleted.map(({ Key }) => Key), Errors], [["a", "gone"], undefined]);
    const quiet = await remove([{ Key: "b" }, { Key: "k".repeat(1025) }], true);
    assert.deepEqual([quiet.Deleted, quiet.Errors?.[0]?.Code], [undefined, "KeyTooLongError"]);
    assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 1);
    await refused(remove([]), 400, "MalformedXML");
    await refused(remove(Array.from({ length: 1001 }, (_, i) => ({ Key: `${i}` }))), 400, "MalformedXML");
  });

  test("a copy has the bytes, and the metadata and tags of its source unless it is given others", async () => {
    const Bucket = await newBucket(s3);
    const other = await newBucket(s3);
    await put(s3, Bucket, "ä/source", "content", { Metadata: { a: "1" }, ContentType: "text/plain", Tagging: "t=1" });
    const CopySource = encodeURIComponent(`${Bucket}/ä/source`);
    const copy = await s3.send(new CopyObjectCommand({ Bucket: other, Key: "copy", CopySource }));
    assert.equal(copy.CopyObjectResult?.ETag, (await s3.send(new HeadObjectCommand({ Bucket, Key: "ä/source" }))).ETag);
    const got = await get(other, "copy");
    assert.deepEqual([got.ContentType, got.Metadata, got.TagCount], ["text/plain", { a: "1" }, 1]);
    assert.equal(await got.Body?.transformToString(), "content");
    await s3.send(
      new CopyObjectCommand({
        Bucket: other,
        Key: "copy2",
        CopySource,
        MetadataDirective: "REPLACE",
        Metadata: { b: "2" },
        TaggingDirective: "REPLACE",
        Tagging: "x=y",
        ContentType: "a/b",
      }),
    );
    const second = await get(other, "copy2");
    assert.deepEqual([second.ContentType, second.Metadata], ["a/b", { b: "2" }]);
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: other, Key: "copy2" }));
    assert.deepEqual(TagSet, [{ Key: "x", Value: "y" }]);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "ä/source" }));
    assert.equal(await text(other, "copy"), "content", "a copy does not need its source any more");
    await refused(s3.send(new CopyObjectCommand({ Bucket, Key: "k", CopySource })), 404, "NoSuchKey");
    const itself = { Bucket: other, Key: "copy", CopySource: `${other}/copy` };
    await refused(s3.send(new CopyObjectCommand(itself)), 400, "InvalidRequest");
    await s3.send(new CopyObjectCommand({ ...itself, MetadataDirective: "REPLACE", Metadata: { c: "3" } }));
    assert.deepEqual((await get(other, "copy")).Metadata, { c: "3" });
  });

  test("tags are kept and replaced, and held to S3's rules", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k");
    const tag = (TagSet: { Key: string; Value: string }[]) =>
      s3.send(new PutObjectTaggingCommand({ Bucket, Key: "k", Tagging: { TagSet } }));
    await tag([
      { Key: "a", Value: "1" },
      { Key: "ü", Value: "" },
    ]);
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "k" }));
    assert.deepEqual(TagSet, [
      { Key: "a", Value: "1" },
      { Key: "ü", Value: "" },
    ]);
    await refused(
      tag([
        { Key: "a", Value: "1" },
        { Key: "a", Value: "2" },
      ]),
      400,
      "InvalidTag",
    );
    await refused(tag([{ Key: "aws:x", Value: "1" }]), 400, "InvalidTag");
    await refused(tag(Array.from({ length: 11 }, (_, i) => ({ Key: `${i}`, Value: "" }))), 400, "InvalidTag");
  });

  test("conditions on reading are answered by 304 and 412", async () => {
    const Bucket = await newBucket(s3);
    const { ETag } = await put(s3, Bucket, "k", "v");
    const { LastModified } = await get(Bucket, "k");
    const past = new Date(Date.UTC(2020, 0));
    assert.equal(await text(Bucket, "k", { IfMatch: ETag }), "v");
    assert.equal(await text(Bucket, "k", { IfMatch: ETag, IfUnmodifiedSince: past }), "v");
    await refused(get(Bucket, "k", { IfMatch: '"other"' }), 412, "PreconditionFailed");
    await refused(get(Bucket, "k", { IfUnmodifiedSince: past }), 412, "PreconditionFailed");
    for (const condition of [{ IfNoneMatch: ETag }, { IfNoneMatch: "*" }, { IfModifiedSince: LastModified }]) {
      const error = await get(Bucket, "k", condition).catch((thrown) => thrown);
      assert.equal(error.$metadata.httpStatusCode, 304);
    }
    assert.equal(await text(Bucket, "k", { IfNoneMatch: '"x"', IfModifiedSince: LastModified }), "v");
    const CopySource = `${Bucket}/k`;
    await refused(
      s3.send(new CopyObjectCommand({ Bucket, Key: "c", CopySource, CopySourceIfNoneMatch: ETag })),
      412,
      "PreconditionFailed",
    );
  });

  test("of many who write only if there is nothing yet, one does", async () => {
    const Bucket = await newBucket(s3);
    const writes = Array.from({ length: 12 }, (_, i) => put(s3, Bucket, "lock", `${i}`, { IfNoneMatch: "*" }));
    const outcomes = await Promise.allSettled(writes);
    const won = outcomes.flatMap((outcome, i) => (outcome.status === "fulfilled" ? [`${i}`] : []));
    assert.deepEqual([await text(Bucket, "lock")], won);
    const { ETag } = await get(Bucket, "lock");
    await put(s3, Bucket, "lock", "next", { IfMatch: ETag });
    await refused(put(s3, Bucket, "lock", "late", { IfMatch: ETag }), 412, "PreconditionFailed");
    await refused(put(s3, Bucket, "none", "x", { IfMatch: ETag }), 404, "NoSuchKey");
    await refused(put(s3, Bucket, "lock", "x", { IfNoneMatch: ETag }), 501, "NotImplemented");
  });
});
