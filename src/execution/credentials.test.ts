import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { CredentialMint } from "./credentials.ts";

const identity = { roleArn: "arn:aws:iam::000000000000:role/r", sessionName: "f" };
const key = randomBytes(32);
const mint = new CredentialMint(key);

test("issued credentials are known again by anyone who holds the region's key", () => {
  const issued = mint.issue(identity, 0);
  assert.match(issued.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
  const found = new CredentialMint(key).check(issued.accessKeyId, issued.sessionToken, 1);
  assert.deepEqual(found, { ...identity, secretAccessKey: issued.secretAccessKey });
});

test("a token is worth nothing under another access key, changed, or at another region", () => {
  const issued = mint.issue(identity, 0);
  const other = mint.issue(identity, 0);
  assert.equal(mint.check(other.accessKeyId, issued.sessionToken, 1), undefined);
  const [body, signature] = issued.sessionToken.split(".") as [string, string];
  const forged = Buffer.from(Buffer.from(body, "base64url").toString().replace("role/r", "role/x")).toString(
    "base64url",
  );
  assert.equal(mint.check(issued.accessKeyId, `${forged}.${signature}`, 1), undefined);
  assert.equal(mint.check(issued.accessKeyId, "", 1), undefined);
  assert.equal(mint.check(issued.accessKeyId, `${body}.`, 1), undefined);
  assert.equal(new CredentialMint(randomBytes(32)).check(issued.accessKeyId, issued.sessionToken, 1), undefined);
});

test("two environments never get the same secret", () => {
  const secrets = new Set(Array.from({ length: 50 }, () => mint.issue(identity, 0).secretAccessKey));
  assert.equal(secrets.size, 50);
});

test("credentials expire after twelve hours", () => {
  const issued = mint.issue(identity, 0);
  assert.equal(mint.check(issued.accessKeyId, issued.sessionToken, 12 * 3600 * 1000), "expired");
});
