import assert from "node:assert/strict";
import { createHmac, hash } from "node:crypto";
import { describe, it } from "node:test";
import type { SignedRequest } from "./sigv4-canonical.ts";
import { KEY, MISMATCH, plain, refusalOf, signed, verify } from "./test-signing.ts";

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
