import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { externalEndpoints } from "./endpoints.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "token" };
const scratch = mkdtempSync(join(tmpdir(), "alonzo-endpoints-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(scratch, "endpoints.json");
  writeFileSync(path, text);
  return path;
}

test("a list takes its credentials from the environment", () => {
  const endpoint = "https://sqs.eu-west-1.amazonaws.com";
  assert.deepEqual(externalEndpoints(`sqs=${endpoint}`, KEYS).get("sqs"), {
    endpoint,
    accessKeyId: "id",
    secretAccessKey: "secret",
    sessionToken: "token",
  });
  assert.equal(externalEndpoints("", KEYS).size, 0);
});

test("a file may have its own", () => {
  const endpoint = "http://127.0.0.1:9324";
  const own = { endpoint, accessKeyId: "x", secretAccessKey: "y", region: "eu-west-1" };
  assert.deepEqual(externalEndpoints(file(JSON.stringify({ sqs: own })), KEYS).get("sqs"), own);
  const given = externalEndpoints(file(JSON.stringify({ sqs: { endpoint } })), KEYS).get("sqs");
  assert.equal(given?.accessKeyId, "id");
});

test("what cannot be used is told in the operator's words", () => {
  assert.throws(() => externalEndpoints("sqs=nowhere", KEYS), /sqs='nowhere' is no URL/);
  assert.throws(() => externalEndpoints("kinesis=http://x", KEYS), /kinesis is of no service that others may keep/);
  assert.throws(() => externalEndpoints("sqs=http://x", {}), /sqs has no credentials/);
  assert.throws(() => externalEndpoints(join(scratch, "missing"), KEYS), /cannot be read from .*missing/);
  assert.throws(() => externalEndpoints(file("{"), KEYS), /cannot be read/);
});
