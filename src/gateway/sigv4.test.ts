import assert from "node:assert/strict";
import { createHash, createHmac, hash } from "node:crypto";
import { describe, it } from "node:test";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Principal } from "../wire/service.ts";
import { ServiceError } from "../wire/service-error.ts";
import type { CredentialStore } from "./credentials.ts";
import { presign } from "./presign.ts";
import { SignatureVerifier } from "./sigv4.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";
// AWS's own test suite for Signature Version 4, as published with its SDKs (Apache-2.0). Left out: folded headers,
// which no HTTP/1.1 parser lets through any more.
import vectors from "./sigv4-vectors.json" with { type: "json" };

const NOON = Date.UTC(2026, 10, 21, 12);
const KEY = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const principal: Principal = {
  arn: "arn:aws:iam::000000000000:root",
  accountId: "000000000000",
  kind: "administrator",
};

const store = (secretAccessKey = KEY.secretAccessKey): CredentialStore => ({
  find: (accessKeyId, token) => {
    if (accessKeyId === "ASIAEXPIRED") return "expired";
    return accessKeyId === KEY.accessKeyId && token !== "wrong" ? { secretAccessKey, principal } : undefined;
  },
});

class Sha256 {
  readonly #hash: ReturnType<typeof createHash>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const bytes =
      secret === undefined || typeof secret === "string"
        ? secret
        : ArrayBuffer.isView(secret)
          ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
          : new Uint8Array(secret);
    this.#hash = bytes === undefined ? createHash("sha256") : (createHmac("sha256", bytes) as never);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function signer(service = "lambda", options: { region?: string; secret?: string } = {}): SignatureV4 {
  return new SignatureV4({
    service,
    region: options.region ?? "us-east-1",
    credentials: { ...KEY, ...(options.secret !== undefined && { secretAccessKey: options.secret }) },
    sha256: Sha256 as never,
    uriEscapePath: service !== "s3",
  });
}

interface Plain {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string;
}

const plain = (changes: Partial<Plain> = {}): Plain => ({
  method: "POST",
  path: "/2015-03-31/functions/thumb/invocations",
  query: {},
  headers: { host: "127.0.0.1:4566" },
  body: '{"a":1}',
  ...changes,
});

function received(request: Plain): SignedRequest {
  const rawHeaders = Object.entries(request.headers).flat();
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const query = Object.entries(request.query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
  return { method: request.method, path: request.path, query, headers, rawHeaders };
}

async function signed(request: Plain, by = signer(), at = NOON): Promise<SignedRequest> {
  const { method, path, query, headers, body } = request;
  const result = await by.sign(
    { method, path, query, headers, body, protocol: "http:", hostname: "127.0.0.1" } as never,
    { signingDate: new Date(at) },
  );
  return received({ ...request, headers: (result as unknown as Plain).headers });
}

function verify(request: SignedRequest, body = '{"a":1}', service = "lambda", now = NOON): Buffer {
  return new SignatureVerifier(store(), "us-east-1", () => now).open(request, service).accept(Buffer.from(body));
}

function refusalOf(run: () => unknown): { code: string; status: number; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return { code: error.code, status: error.status, message: error.message };
  }
  return assert.fail("nothing was refused");
}

const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

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

describe("malformed and unknown signatures", () => {
  const unsigned = received(plain());
  const withAuthorization = (authorization: string): SignedRequest => ({
    ...unsigned,
    headers: { ...unsigned.headers, authorization, "x-amz-date": "20261121T120000Z" },
  });
  const scope = "20261121/us-east-1/lambda/aws4_request";
  const header = (id: string, rest = `SignedHeaders=host, Signature=${"0".repeat(64)}`): SignedRequest =>
    withAuthorization(`AWS4-HMAC-SHA256 Credential=${id}, ${rest}`);

  const cases: [string, SignedRequest, string, number][] = [
    ["none", unsigned, "MissingAuthenticationTokenException", 403],
    ["another scheme", withAuthorization("Bearer abc"), "MissingAuthenticationTokenException", 403],
    [
      "another algorithm",
      withAuthorization("AWS4-ECDSA-P256-SHA256 Credential=x"),
      "IncompleteSignatureException",
      400,
    ],
    ["nothing but the algorithm", withAuthorization("AWS4-HMAC-SHA256"), "IncompleteSignatureException", 400],
    ["a short credential", header("AKIDEXAMPLE/20261121"), "IncompleteSignatureException", 400],
    ["an unknown key", header(`NOBODY/${scope}`), "UnrecognizedClientException", 403],
    ["an expired key", header(`ASIAEXPIRED/${scope}`), "ExpiredTokenException", 403],
    [
      "a host that is not signed",
      header(`AKIDEXAMPLE/${scope}`, "SignedHeaders=date, Signature=00"),
      "InvalidSignatureException",
      403,
    ],
    [
      "a short signature",
      header(`AKIDEXAMPLE/${scope}`, "SignedHeaders=host, Signature=00"),
      "InvalidSignatureException",
      403,
    ],
    ["another terminator", header("AKIDEXAMPLE/20261121/us-east-1/lambda/aws5"), "InvalidSignatureException", 403],
    ["another day", header("AKIDEXAMPLE/20261120/us-east-1/lambda/aws4_request"), "InvalidSignatureException", 403],
    ["a hostile header of commas", header(`${",".repeat(20_000)}`), "IncompleteSignatureException", 400],
  ];
  for (const [name, request, code, status] of cases) {
    it(`refuses ${name}`, () => {
      const refused = refusalOf(() => verify(request));
      assert.deepEqual([refused.code, refused.status], [code, status]);
    });
  }

  it("refuses temporary credentials that come with the wrong session token", () => {
    const request = header(`AKIDEXAMPLE/${scope}`);
    const withToken = { ...request, headers: { ...request.headers, "x-amz-security-token": "wrong" } };
    assert.equal(refusalOf(() => verify(withToken)).message, "The security token included in the request is invalid.");
  });
});

describe("presigned URLs", () => {
  const url = (options: Partial<Parameters<typeof presign>[0]> = {}): SignedRequest => {
    const text = presign({
      ...KEY,
      region: "us-east-1",
      service: "lambda",
      endpoint: "http://127.0.0.1:4566",
      path: "/_alonzo/code/ab%20c",
      now: NOON,
      ...options,
    });
    const { pathname, search, host } = new URL(text);
    return { method: "GET", path: pathname, query: search.slice(1), headers: { host }, rawHeaders: ["Host", host] };
  };

  it("are accepted for their ten minutes and refused after", () => {
    verify(url(), "");
    verify(url(), "", "lambda", NOON + 599_000);
    assert.equal(
      refusalOf(() => verify(url(), "", "lambda", NOON + 601_000)).message,
      "Signature expired: 20261121T121000Z is now earlier than 20261121T121001Z",
    );
  });

  it("are refused when anything in them was changed", () => {
    const good = url({ query: { versionId: "1" } });
    verify(good, "");
    assert.equal(
      refusalOf(() => verify({ ...good, query: good.query.replace("versionId=1", "versionId=2") }, "")).message,
      MISMATCH,
    );
    assert.equal(refusalOf(() => verify({ ...good, path: "/_alonzo/code/other" }, "")).message, MISMATCH);
  });

  it("are refused when they ask for more than seven days", () => {
    assert.equal(refusalOf(() => verify(url({ expiresInSeconds: 604_801 }), "")).code, "IncompleteSignatureException");
    verify(url({ expiresInSeconds: 604_800 }), "");
  });

  it("are accepted as the SDK makes them", async () => {
    const { method, path, query, headers } = plain({ method: "GET", path: "/2015-03-31/functions/a%3Ab" });
    const result = await signer().presign(
      { method, path, query, headers, protocol: "http:", hostname: "127.0.0.1" } as never,
      { signingDate: new Date(NOON), expiresIn: 300 },
    );
    verify(
      received({ method, path, query: result.query as Record<string, string>, headers: result.headers, body: "" }),
      "",
    );
  });
});

describe("aws-chunked bodies", () => {
  const DATE = "20261121T120000Z";
  const SCOPE = "20261121/us-east-1/lambda/aws4_request";
  const mac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const key = mac(mac(mac(mac(`AWS4${KEY.secretAccessKey}`, "20261121"), "us-east-1"), "lambda"), "aws4_request");
  const sha = (text: string): string => hash("sha256", text, "hex");

  async function chunked(
    parts: string[],
    word: string,
    trailer?: string,
  ): Promise<{ request: SignedRequest; wire: string }> {
    const length = String(parts.join("").length);
    const headers = { host: "h:1", "x-amz-content-sha256": word, "x-amz-decoded-content-length": length };
    const request = await signed(plain({ method: "PUT", headers }));
    let last = /Signature=([0-9a-f]{64})/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    let wire = "";
    for (const part of [...parts, ""]) {
      let extension = "";
      if (word.startsWith("STREAMING-AWS4")) {
        last = mac(key, `AWS4-HMAC-SHA256-PAYLOAD\n${DATE}\n${SCOPE}\n${last}\n${sha("")}\n${sha(part)}`).toString(
          "hex",
        );
        extension = `;chunk-signature=${last}`;
      }
      wire += `${part.length.toString(16)}${extension}\r\n${part}${part === "" ? "" : "\r\n"}`;
    }
    if (trailer !== undefined) {
      wire += `${trailer}\r\n`;
      if (word.startsWith("STREAMING-AWS4")) {
        const signature = mac(key, `AWS4-HMAC-SHA256-TRAILER\n${DATE}\n${SCOPE}\n${last}\n${sha(`${trailer}\n`)}`);
        wire += `x-amz-trailer-signature:${signature.toString("hex")}\r\n`;
      }
    }
    return { request, wire: `${wire}\r\n` };
  }

  it("are decoded when every chunk is signed", async () => {
    const { request, wire } = await chunked(["hello ", "world"], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    assert.equal(verify(request, wire).toString(), "hello world");
  });

  it("are refused when a chunk was changed, left out or cut off", async () => {
    const { request, wire } = await chunked(["hello ", "world"], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    assert.equal(refusalOf(() => verify(request, wire.replace("world", "w0rld"))).message, MISMATCH);
    assert.equal(refusalOf(() => verify(request, wire.slice(0, 100))).code, "InvalidRequestContentException");
    assert.equal(refusalOf(() => verify(request, `zz${wire}`)).code, "InvalidRequestContentException");
    assert.equal(refusalOf(() => verify(request, "")).code, "InvalidRequestContentException");
    const second = wire.slice(wire.indexOf("5;"));
    assert.equal(refusalOf(() => verify(request, second)).message, MISMATCH);
  });

  it("are decoded with a signed trailer, and refused when it was changed", async () => {
    const checksum = `x-amz-checksum-sha256:${hash("sha256", "hello world", "base64")}`;
    const { request, wire } = await chunked(
      ["hello ", "world"],
      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
      checksum,
    );
    assert.equal(verify(request, wire).toString(), "hello world");
    const changed = wire.replace("x-amz-checksum-sha256", "x-amz-checksum-other1");
    assert.equal(refusalOf(() => verify(request, changed)).message, MISMATCH);
  });

  it("are decoded unsigned, with their checksum verified", async () => {
    const word = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    const good = await chunked(["hello world"], word, "x-amz-checksum-crc32:DUoRhQ==");
    assert.equal(verify(good.request, good.wire).toString(), "hello world");
    const bad = await chunked(["hello w0rld"], word, "x-amz-checksum-crc32:DUoRhQ==");
    assert.equal(refusalOf(() => verify(bad.request, bad.wire)).code, "InvalidRequestContentException");
  });
});
