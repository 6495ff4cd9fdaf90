/** Lists of objects, held against a plain model of what S3's documentation says of them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ListObjectsCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import * as fc from "fast-check";
import { TestRegion } from "../../test-region.ts";
import { newBucket, putAll, refused, s3Client } from "./s3.ts";

describe("lists of objects", () => {
  let region: TestRegion;
  let s3: S3Client;
  before(async () => {
    region = await TestRegion.start();
    s3 = s3Client(region);
  });
  after(() => region.stop());

  /** All pages: keys and groups in the order in which they came. */
  async function pages(Bucket: string, more: object, MaxKeys?: number): Promise<string[]> {
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys, ContinuationToken, ...more }));
      const keys = page.Contents?.map(({ Key = "" }) => Key) ?? [];
      const groups = page.CommonPrefixes?.map(({ Prefix = "" }) => Prefix) ?? [];
      assert.equal(page.KeyCount, keys.length + groups.length);
      assert.ok(page.KeyCount <= (MaxKeys ?? 1000));
      assert.equal(page.IsTruncated, page.NextContinuationToken !== undefined);
      seen.push(...[...keys, ...groups].sort(byBytes));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return seen;
  }

  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

  function expected(keys: readonly string[], prefix: string, delimiter: string, after: string): string[] {
    const entries = keys
      .filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0)
      .map((key) => {
        const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
        return at < 0 ? key : key.slice(0, at + delimiter.length);
      });
    // A group that is the start itself was seen before it.
    return [...new Set(entries)].filter((entry) => entry !== after).sort(byBytes);
  }

  test("are complete, in the order of bytes, whatever prefix, delimiter, start and page size", async () => {
    const Bucket = await newBucket(s3);
    const keys = [
      "a",
      "a/",
      "a/b",
      "a/b/c",
      "a/b/d",
      "a//x",
      "ab",
      "b/a",
      "b/a/",
      "b/b",
      "c",
      "c/d/e",
      "é",
      "é/x",
      "\u{1F600}/1",
      "\uFFFD/1",
      "z",
    ];
    await putAll(s3, Bucket, keys);
    const pick = fc.constantFrom("", "a", "a/", "a/b", "b/", "c", "é", "x", "\u{1F600}");
    await fc.assert(
      fc.asyncProperty(
        pick,
        fc.constantFrom("", "/", "b", "//"),
        fc.constantFrom("", "a", "a/b", "ab", "b/zz", "é", "zz"),
        fc.integer({ min: 1, max: 5 }),
        async (Prefix, Delimiter, StartAfter, MaxKeys) => {
          const after = StartAfter;
          const want = expected(keys, Prefix, Delimiter, after);
          assert.deepEqual(await pages(Bucket, { Prefix, Delimiter, StartAfter }, MaxKeys), want);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("of a thousand keys and more come in pages, and pass a group of thousands in one step", async () => {
    const Bucket = await newBucket(s3);
    const many = Array.from({ length: 1100 }, (_, i) => `many/${String(i).padStart(5, "0")}`);
    for (let i = 0; i < many.length; i += 100) await putAll(s3, Bucket, many.slice(i, i + 100));
    await putAll(s3, Bucket, ["a", "z"]);
    assert.deepEqual(await pages(Bucket, {}), ["a", ...many, "z"]);
    assert.deepEqual(await pages(Bucket, { Delimiter: "/" }), ["a", "many/", "z"]);
    const first = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5000 }));
    assert.deepEqual([first.KeyCount, first.IsTruncated, first.MaxKeys], [1000, true, 1000]);
  });

  test("of the first version go on from a marker", async () => {
    const Bucket = await newBucket(s3);
    await putAll(s3, Bucket, ["a/1", "a/2", "b", "c/1"]);
    const list = (more: object) => s3.send(new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 1, ...more }));
    const first = await list({});
    assert.deepEqual([first.CommonPrefixes, first.NextMarker, first.IsTruncated], [[{ Prefix: "a/" }], "a/", true]);
    const second = await list({ Marker: first.NextMarker });
    assert.deepEqual([second.Contents?.[0]?.Key, second.NextMarker], ["b", "b"]);
    const third = await list({ Marker: "b" });
    assert.deepEqual(
      [third.CommonPrefixes, third.IsTruncated, third.NextMarker],
      [[{ Prefix: "c/" }], false, undefined],
    );
    assert.equal(third.Contents, undefined);
    const owned = await s3.send(new ListObjectsCommand({ Bucket }));
    assert.match(owned.Contents?.[0]?.Owner?.ID ?? "", /^[0-9a-f]{64}$/);
  });

  test("without room are empty, and refused where they make no sense", async () => {
    const Bucket = await newBucket(s3);
    await putAll(s3, Bucket, ["a"]);
    const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
    assert.deepEqual([none.KeyCount, none.IsTruncated], [0, false]);
    await refused(s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: -1 })), 400, "InvalidArgument");
    const token = "The continuation token provided is incorrect";
    await refused(
      s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: "??" })),
      400,
      "InvalidArgument",
      token,
    );
    await refused(s3.send(new ListObjectsV2Command({ Bucket: "not-there-at-all" })), 404, "NoSuchBucket");
  });
});
