/** What no SDK sends, or sends only in some settings: signatures of bodies in all their kinds, URLs, broken requests. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readdirSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "../../../src/gateway/test-signing.ts";
import { TestRegion } from "../../test-region.ts";
import { CREDENTIALS, newBucket, put, refused, s3Client } from "./s3.ts";

let region: TestRegion;
let s3: S3Client;
let bucket: string;
before(async () => {
  region = await TestRegion.start();
  s3 = s3Client(region);
  bucket = await newBucket(s3);
});
after(() => region.stop());

const hex = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

interface Sent {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** @param change made to the headers after they were signed */
async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Buffer | ((signature: string, date: string) => Buffer) = Buffer.alloc(0),
  change: Record<string, string> = {},
): Promise<Sent> {
  const { host, hostname, port } = new URL(region.url);
  const [plain = "", search = ""] = path.split("?");
  const signer = signerOfS3();
  const query = Object.fromEntries(new URLSearchParams(search));
  const request = { method, path: plain, query, headers: { host, ...headers }, protocol: "http:", hostname };
  const { headers: signed } = await signer.sign(request);
  const [, signature = ""] = /Signature=([0-9a-f]{64})/.exec(signed.authorization ?? "") ?? [];
  const bytes = typeof body === "function" ? body(signature, signed["x-amz-date"] ?? "") : body;
  const outgoing = { ...signed, "content-length": String(bytes.length), ...change };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers: outgoing }, async (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: await text(response) });
    });
    request.on("error", reject);
    request.end(bytes);
  });
}

function signerOfS3(): SignatureV4 {
  return new SignatureV4({
    service: "s3",
    region: "us-east-1",
    credentials: CREDENTIALS,
    sha256: Sha256 as never,
    uriEscapePath: false,
    applyChecksum: false,
  });
}

/** A URL for whoever has it. @param path percent-encoded */
async function presigned(method: string, path: string, signingDate = new Date()): Promise<string> {
  const { host, hostname } = new URL(region.url);
  const headers = { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  const request = { method, path, query: {}, headers, protocol: "http:", hostname };
  const { query = {} } = await signerOfS3().presign(request, { expiresIn: 60, signingDate });
  return `${region.url}${path}?${new URLSearchParams(query as Record<string, string>).toString().replaceAll("+", "%20")}`;
}

const codeIn = ({ body }: Sent): string | undefined => /<Code>([^<]*)<\/Code>/.exec(body)?.[1];
const read = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString();

/** The body in signed chunks of some bytes. */
function signedChunks(content: Buffer, size: number, trailer?: string) {
  return (seed: string, date: string): Buffer => {
    const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const key = scope
      .split("/")
      .reduce<Buffer | string>((last, part) => hmac(last, part), `AWS4${CREDENTIALS.secretAccessKey}`) as Buffer;
    let last = seed;
    const parts: Buffer[] = [];
    for (let at = 0; ; at += size) {
      const chunk = content.subarray(at, at + size);
      last = hmac(key, `AWS4-HMAC-SHA256-PAYLOAD\n${date}\n${scope}\n${last}\n${hex("")}\n${hex(chunk)}`).toString(
        "hex",
      );
      parts.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${last}\r\n`), chunk);
      if (chunk.length === 0) break;
      parts.push(Buffer.from("\r\n"));
    }
    if (trailer !== undefined) {
      const signature = hmac(key, `AWS4-HMAC-SHA256-TRAILER\n${date}\n${scope}\n${last}\n${hex(`${trailer}\n`)}`);
      parts.push(Buffer.from(`${trailer}\r\nx-amz-trailer-signature:${signature.toString("hex")}\r\n`));
    }
    return Buffer.concat([...parts, Buffer.from("\r\n")]);
  };
}

test("a body is held against the hash that was signed, and nothing is kept of another", async () => {
  const path = `/${bucket}/hashed`;
  const good = await send("PUT", path, { "x-amz-content-sha256": hex("good") }, Buffer.from("good"));
  assert.equal(good.status, 200);
  const bad = await send("PUT", path, { "x-amz-content-sha256": hex("good") }, Buffer.from("evil"));
  assert.deepEqual([bad.status, codeIn(bad)], [400, "XAmzContentSHA256Mismatch"]);
  assert.equal(await read("hashed"), "good");
  assert.equal(
    (await send("PUT", path, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }, Buffer.from("any"))).status,
    200,
  );
  assert.equal(await read("hashed"), "any");
});

test("signed chunks are verified one by one, with their trailer", async () => {
  const content = Buffer.alloc(200_000, "chunk ");
  const length = { "x-amz-decoded-content-length": String(content.length) };
  const plain = { "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ...length };
  assert.equal((await send("PUT", `/${bucket}/chunks`, plain, signedChunks(content, 65_536))).status, 200);
  assert.equal(await read("chunks"), content.toString());
  const checksum = `x-amz-checksum-sha256:${createHash("sha256").update(content).digest("base64")}`;
  const trailing = {
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "x-amz-trailer": "x-amz-checksum-sha256",
    ...length,
  };
  const good = await send("PUT", `/${bucket}/chunks`, trailing, signedChunks(content, 65_536, checksum));
  assert.deepEqual([good.status, good.headers["x-amz-checksum-sha256"]], [200, checksum.split(":")[1]]);
  const changed = (seed: string, date: string) => {
    const bytes = signedChunks(content, 65_536)(seed, date);
    bytes[100_000] = 33;
    return bytes;
  };
  const bad = await send("PUT", `/${bucket}/other`, plain, changed);
  assert.deepEqual([bad.status, codeIn(bad)], [403, "SignatureDoesNotMatch"]);
  const cut = (seed: string, date: string) => signedChunks(content, 65_536)(seed, date).subarray(0, 150_000);
  assert.deepEqual(codeIn(await send("PUT", `/${bucket}/other`, plain, cut)), "IncompleteBody");
  await refused(s3.send(new GetObjectCommand({ Bucket: bucket, Key: "other" })), 404, "NoSuchKey");
});

test("checksums and MD5s that do not fit are refused, before or behind the body", async () => {
  const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  const wrong = Buffer.alloc(4, 1).toString("base64");
  for (const [headers, code] of [
    [{ "x-amz-checksum-crc32": wrong }, "BadDigest"],
    [{ "x-amz-checksum-crc32c": wrong }, "BadDigest"],
    [{ "x-amz-checksum-crc64nvme": Buffer.alloc(8).toString("base64") }, "BadDigest"],
    [{ "x-amz-checksum-sha256": "AAAA" }, "InvalidRequest"],
    [{ "x-amz-checksum-sha1": Buffer.alloc(20).toString("base64"), "x-amz-checksum-crc32": wrong }, "InvalidRequest"],
    [{ "content-md5": Buffer.alloc(16).toString("base64") }, "BadDigest"],
    [{ "content-md5": "short" }, "InvalidDigest"],
  ] as [Record<string, string>, string][]) {
    const sent = await send("PUT", `/${bucket}/digest`, { ...unsigned, ...headers }, Buffer.from("body"));
    assert.deepEqual([sent.status, codeIn(sent)], [400, code], JSON.stringify(headers));
  }
  const trailing = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-trailer": "x-amz-checksum-crc32c",
    "x-amz-decoded-content-length": "4",
  };
  const framed = (checksum: string) => Buffer.from(`4\r\nbody\r\n0\r\nx-amz-checksum-crc32c:${checksum}\r\n\r\n`);
  assert.equal(codeIn(await send("PUT", `/${bucket}/digest`, trailing, framed(wrong))), "BadDigest");
  const md5 = createHash("md5").update("body").digest("base64");
  assert.equal(
    (await send("PUT", `/${bucket}/digest`, { ...unsigned, "content-md5": md5 }, Buffer.from("body"))).status,
    200,
  );
});

test("a presigned URL reads, writes and asks for whoever has it, until it expires", async () => {
  await put(s3, bucket, "url key", "by url");
  const url = await presigned("GET", `/${bucket}/url%20key`);
  assert.equal(await (await fetch(url)).text(), "by url");
  const head = await presigned("HEAD", `/${bucket}/url%20key`);
  assert.equal((await fetch(head, { method: "HEAD" })).headers.get("content-length"), "6");
  const write = await presigned("PUT", `/${bucket}/written`);
  assert.equal((await fetch(write, { method: "PUT", body: "anything" })).status, 200);
  assert.equal(await read("written"), "anything");
  const changed = await fetch(url.replace("url%20key", "written"));
  assert.equal(changed.status, 403);
  assert.match(await changed.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
  const old = await presigned("GET", `/${bucket}/url%20key`, new Date(Date.now() - 120_000));
  assert.match(await (await fetch(old)).text(), /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/);
});

test("buckets are found by host name, too", async () => {
  await put(s3, bucket, "hosted", "here");
  const { port } = new URL(region.url);
  for (const host of [
    `${bucket}.s3.us-east-1.localhost:${port}`,
    `${bucket}.localhost:${port}`,
    `${bucket}.s3.amazonaws.com`,
  ]) {
    const headers = { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    const sent = await send("GET", "/hosted", headers);
    assert.deepEqual([sent.status, sent.body], [200, "here"], host);
    assert.match((await send("GET", "/?list-type=2&prefix=hos", headers)).body, /<Key>hosted<\/Key>/);
  }
});

test("what is no request of S3's is refused in its words", async () => {
  const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  for (const [method, path, body, status, code] of [
    ["POST", `/${bucket}?delete`, "<Delete><Object><Key>a</Key>", 400, "MalformedXML"],
    ["POST", `/${bucket}?delete`, "no xml", 400, "MalformedXML"],
    ["POST", `/${bucket}?delete`, "<Other/>", 400, "MalformedXML"],
    [
      "PUT",
      `/${bucket}?versioning`,
      "<VersioningConfiguration><Status>Perhaps</Status></VersioningConfiguration>",
      400,
      "MalformedXML",
    ],
    ["PUT", `/${bucket}?versioning`, "", 400, "MalformedXML"],
    ["POST", `/${bucket}`, "", 405, "MethodNotAllowed"],
    ["GET", `/${bucket}?max-keys=many&list-type=2`, "", 400, "InvalidArgument"],
    ["GET", `/${bucket}?analytics&id=x`, "", 501, "NotImplemented"],
  ] as const) {
    const sent = await send(method, path, unsigned, Buffer.from(body));
    assert.deepEqual([sent.status, codeIn(sent)], [status, code], `${method} ${path} ${body}`);
    assert.match(sent.body, /<RequestId>[^<]+<\/RequestId><HostId>[^<]+<\/HostId><\/Error>$/);
  }
});

test("a caller who goes away in the middle leaves nothing behind", async () => {
  const { hostname, port, host } = new URL(region.url);
  const url = new URL(await presigned("PUT", `/${bucket}/half`));
  const incoming = join(region.dataDirectory, "s3", "incoming");
  const socket = connect(Number(port), hostname);
  socket.write(`PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n`);
  socket.write(Buffer.alloc(700_000));
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(() => readdirSync(incoming).length === 1);
  socket.destroy();
  await until(() => readdirSync(incoming).length === 0);
  await refused(s3.send(new GetObjectCommand({ Bucket: bucket, Key: "half" })), 404, "NoSuchKey");
});

test("what is written is there after a crash, and what was not finished is gone", async () => {
  await put(s3, bucket, "durable", "kept");
  await put(s3, bucket, "durable", "newest");
  await region.kill();
  await region.startAgain();
  s3 = s3Client(region);
  assert.equal(await read("durable"), "newest");
  assert.deepEqual(readdirSync(join(region.dataDirectory, "s3", "incoming")), []);
});
