/** Stories that boto3 tells a region: unmodified, told an endpoint and nothing else of Alonzo. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import type { TestRegion } from "../test-region.ts";

/** What AWS's own clients are told: all of a region that they need. */
export function clientEnvironment(region: TestRegion): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: region.dataDirectory,
    AWS_ENDPOINT_URL: region.url,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}

/** Skips the test where there is no boto3, which in CI is a failure. */
export function lacksBoto3(t: TestContext): boolean {
  const missing = boto3Missing();
  if (missing !== undefined && process.env.CI) assert.fail(missing);
  if (missing !== undefined) t.skip(missing);
  return missing !== undefined;
}

/** Run a script of this folder to its good end. */
export async function tellStory(
  t: TestContext,
  region: TestRegion,
  script: string,
  words: readonly string[] = [],
): Promise<void> {
  const story = spawn(PYTHON, [join(import.meta.dirname, script), ...words], {
    stdio: ["ignore", "inherit", "pipe"],
    env: clientEnvironment(region),
  });
  const [report, [code]] = await Promise.all([text(story.stderr), once(story, "exit")]);
  assert.equal(code, 0, report);
  t.diagnostic(report);
}
