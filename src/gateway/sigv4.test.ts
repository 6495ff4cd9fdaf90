import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SignatureV4 } from "@smithy/signature-v4";
import { SignatureVerifier } from "./sigv4.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";
// AWS's own test suite for Signature Version 4, as published with its SDKs (Apache-2.0). Left out: folded headers,
// which no HTTP/1.1 parser lets through any more.
import vectors from "./sigv4-vectors.json" with { type: "json" };
import {
  KEY,
  MISMATCH,
  NOON,
  type Plain,
  plain,
  refusalOf,
  Sha256,
  signed,
  signer,
  store,
  verify,
} from "./test-signing.ts";

describe("the vectors of AWS's test suite", () => {
  for (const vector of vectors) {
    it(`verifies ${vector.name}`, () => {
      const [path = "", query = ""] = vector.target.split("?");
      const headers: Record<string, string> = {};
      for (let i = 0; i < vector.headers.length; i += 2) {
        const name = vector.headers[i]?.toLowerCase() ?? "";
        const value = vector.headers[i + 1]?.trim() ?? "";
        headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
      }
      const request = { method: vector.method, path, query, headers, rawHeaders: vector.headers };
      const verifier = new SignatureVerifier(store(), "us-east-1", () => Date.UTC(2015, 7, 30, 12, 36));
      verifier.open(request, "service").accept(Buffer.from(vector.body));
      const other = { ...request, headers: { ...headers, host: "example.com" }, rawHeaders: [] };
      assert.equal(
        refusalOf(() => verifier.open(other, "service").accept(Buffer.from(vector.body))).code,
        "InvalidSignatureException",
      );
    });
  }
});

describe("requests signed by the SDK", () => {
  const cases: Record<string, Partial<Plain>> = {
    "a plain one": {},
    "a path with escapes, which is encoded twice": {
      path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aa%20b/invocations",
    },
    "a query with every kind of character": { query: { Qualifier: "$LATEST", "a b": "c+d/e=f&g", é: "ü", A: "" } },
    "a header with spaces and commas": { headers: { host: "h:1", "x-amz-meta": "a,  b,c   d" } },
    "an empty body": { body: "" },
  };
  for (const [name, changes] of Object.entries(cases)) {
    it(`accepts ${name}`, async () => {
      const request = plain(changes);
      assert.equal(verify(await signed(request), request.body).toString(), request.body);
    });
  }

  it("accepts an S3 path encoded once, dot segments and all", async () => {
    const request = plain({ path: "/bucket/a%20b/../c//d" });
    verify(await signed(request, signer("s3")), request.body, "s3");
  });

  it("accepts one without X-Amz-Content-Sha256, as boto3 sends it", async () => {
    const by = new SignatureV4({
      service: "lambda",
      region: "us-east-1",
      credentials: KEY,
      sha256: Sha256 as never,
      applyChecksum: false,
    });
    const request = await signed(plain(), by);
    assert.equal(request.headers["x-amz-content-sha256"], undefined);
    verify(request);
    assert.equal(refusalOf(() => verify(request, '{"a":2}')).message, MISMATCH);
  });

  it("refuses another body", async () => {
    const request = await signed(plain());
    assert.deepEqual(
      refusalOf(() => verify(request, '{"a":2}')),
      {
        code: "InvalidSignatureException",
        status: 403,
        message: MISMATCH,
      },
    );
  });

  it("refuses another path, query, method or signed header", async () => {
    const request = await signed(plain());
    const changes: Partial<SignedRequest>[] = [
      { path: "/2015-03-31/functions/other/invocations" },
      { query: "Qualifier=1" },
      { method: "PUT" },
      { headers: { ...request.headers, host: "127.0.0.1:1" } },
    ];
    for (const change of changes) assert.equal(refusalOf(() => verify({ ...request, ...change })).message, MISMATCH);
  });

  it("refuses the signature of another secret", async () => {
    const request = await signed(plain(), signer("lambda", { secret: "guess" }));
    assert.equal(refusalOf(() => verify(request)).message, MISMATCH);
  });

  it("takes a changed secret into account although the signing key was cached", async () => {
    let secret = KEY.secretAccessKey;
    const verifier = new SignatureVerifier(
      { find: (id) => store(secret).find(id, undefined) },
      "us-east-1",
      () => NOON,
    );
    const request = await signed(plain());
    verifier.open(request, "lambda");
    secret = "rotated";
    assert.equal(refusalOf(() => verifier.open(request, "lambda")).message, MISMATCH);
  });

  it("refuses what was signed too long ago or too far ahead, in AWS's words", async () => {
    const minutes = 60_000;
    const late = await signed(plain(), signer(), NOON - 16 * minutes);
    assert.deepEqual(
      refusalOf(() => verify(late)),
      {
        code: "InvalidSignatureException",
        status: 403,
        message:
          "Signature expired: 20261121T114400Z is now earlier than 20261121T114500Z (20261121T120000Z - 15 min.)",
      },
    );
    const early = await signed(plain(), signer(), NOON + 16 * minutes);
    assert.equal(
      refusalOf(() => verify(early)).message,
      "Signature not yet current: 20261121T121600Z is still later than 20261121T121500Z (20261121T120000Z + 15 min.)",
    );
    verify(await signed(plain(), signer(), NOON - 14 * minutes));
    verify(await signed(plain(), signer(), NOON + 14 * minutes));
  });

  it("refuses another region and another service", async () => {
    const elsewhere = await signed(plain(), signer("lambda", { region: "eu-west-1" }));
    assert.equal(refusalOf(() => verify(elsewhere)).message, "Credential should be scoped to a valid region.");
    const other = await signed(plain(), signer("sqs"));
    assert.equal(refusalOf(() => verify(other)).message, "Credential should be scoped to correct service: 'lambda'.");
  });
});
