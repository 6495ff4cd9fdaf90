/** S3's own clients, unmodified, told an endpoint and nothing else of Alonzo: boto3, the AWS CLI, the presigner of the JS SDK. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { newBucket, s3Client } from "../api/s3/s3.ts";
import { TestRegion } from "../test-region.ts";
import { Cli, clis } from "./aws-cli-program.ts";
import { lacksBoto3, tellStory } from "./python-story.ts";

describe("clients of S3", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start();
  });
  after(() => region.stop());

  test("boto3 moves files in parts, presigns URLs of both versions, and lists", async (t) => {
    if (lacksBoto3(t)) return;
    await tellStory(t, region, "s3_story.py");
  });

  const found = clis();

  test("an AWS CLI is installed", { skip: found.size === 0 && !process.env.CI && "no aws on PATH" }, () => {
    assert.ok(found.size > 0);
  });

  for (const [version, program] of found) {
    test(`${version} (${program}) copies, synchronizes, lists and removes`, async (t) => {
      const directory = mkdtempSync(join(tmpdir(), "alonzo-s3-cli-"));
      t.after(() => rmSync(directory, { recursive: true, force: true }));
      const aws = new Cli(program, directory, region.url, "s3");
      const run = async (...args: readonly string[]) => {
        const { code, stdout, stderr } = await aws.run(...args);
        assert.equal(code, 0, `aws s3 ${args.join(" ")}: ${stderr}`);
        return stdout;
      };
      const bucket = `s3://cli-${found.size}-${version.replaceAll(/\D/g, "")}`;
      // Above 8 MB the CLI sends parts.
      const large = randomBytes(9_000_000);
      mkdirSync(join(directory, "site", "deep"), { recursive: true });
      aws.write("site/large.bin", large);
      aws.write("site/deep/ä b.txt", "deep");
      await run("mb", bucket);
      await run("cp", "site/large.bin", `${bucket}/copied`);
      await run("cp", `${bucket}/copied`, "back.bin");
      assert.deepEqual(readFileSync(join(directory, "back.bin")), large);
      assert.equal((await run("sync", "site", `${bucket}/site`)).match(/^upload: |(?<=\r)upload: /gm)?.length, 2);
      assert.equal(await run("sync", `${bucket}/site`, "site"), "", "nothing has changed since");
      await run("rm", `${bucket}/copied`);
      const listed = await run("ls", "--recursive", bucket);
      assert.deepEqual(listed.match(/\d+ \S+( b\.txt)?$/gm), ["4 site/deep/ä b.txt", "9000000 site/large.bin"]);
      await run("rb", "--force", bucket);
      const gone = await aws.run("ls", bucket);
      assert.match(gone.stderr, /An error occurred \(NoSuchBucket\) when calling the ListObjectsV2 operation: /);
    });
  }

  test("the presigner of the JS SDK makes URLs that write and read, in all its settings", async () => {
    const s3 = s3Client(region);
    const Bucket = await newBucket(s3);
    const given = { Bucket, Key: "ä b+c", Metadata: { who: "me" } };
    for (const requestChecksumCalculation of ["WHEN_SUPPORTED", "WHEN_REQUIRED"] as const) {
      const client = s3Client(region, { requestChecksumCalculation });
      // The presigner's latest release is not built against the client's: their types differ in private members.
      const url = (command: unknown) => getSignedUrl(client as never, command as never, { expiresIn: 60 });
      const body = `by ${requestChecksumCalculation}`;
      const written = await fetch(await url(new PutObjectCommand(given)), { method: "PUT", body });
      assert.equal(written.status, 200, await written.text());
      const read = await fetch(await url(new GetObjectCommand({ Bucket, Key: given.Key })));
      assert.deepEqual([read.status, read.headers.get("x-amz-meta-who"), await read.text()], [200, "me", body]);
      const head = await fetch(await url(new HeadObjectCommand({ Bucket, Key: given.Key })), { method: "HEAD" });
      assert.deepEqual([head.status, head.headers.get("content-length")], [200, String(body.length)]);
    }
  });
});
