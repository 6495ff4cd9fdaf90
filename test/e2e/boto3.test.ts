/** Runs boto3_story.py against a region: boto3, unmodified, told an endpoint and nothing else of Alonzo. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import { TestRegion } from "../test-region.ts";

test("boto3 drives the region by endpoint URL alone", async (t) => {
  const missing = boto3Missing();
  if (missing !== undefined && process.env.CI) assert.fail(missing);
  if (missing !== undefined) return t.skip(missing);
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());

  const story = spawn(PYTHON, [join(import.meta.dirname, "boto3_story.py")], {
    stdio: ["ignore", "inherit", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: region.dataDirectory,
      AWS_ENDPOINT_URL: region.url,
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
  });
  const [report, [code]] = await Promise.all([text(story.stderr), once(story, "exit")]);
  assert.equal(code, 0, report);
  t.diagnostic(report);
});
