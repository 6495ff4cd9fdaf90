import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { queryHeaders, withQueryHeaders } from "./query-headers.ts";
import { isSignedByV2 } from "./sigv2.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";
import { KEY, MISMATCH, NOON, refusalOf, verify } from "./test-signing.ts";

const BY = `AWSAccessKeyId=${KEY.accessKeyId}&Signature=`;
/** As boto3 1.44 presigns them at noon for ten minutes; the same signatures whether the bucket stands in path or host. */
const READ =
  "/%C3%A4%20b%2Bc/d.jpg?versionId=v1&response-content-disposition=attachment%3B%20filename%3D%22a%2Bb.jpg%22&" +
  `${BY}c7bbqVfkrHsrjD5v3A9NPGC2nas%3D&Expires=1795263000`;
const WRITE = `/k?${BY}Gfm84vBz59h4Vto%2FNsYbOESGclM%3D&content-type=image%2Fjpeg&x-amz-meta-who=me&Expires=1795263000`;
const LIST = `?list-type=2&prefix=a&encoding-type=url&${BY}cOM1V3FicDopfQsmkK3BmTGZlHI%3D&Expires=1795263000`;
const BY_SESSION = `/k?${BY}u8BfJgXCeSjkVnKdvT66TmqYz0w%3D&x-amz-security-token=to%2Fk%2Ben&Expires=1795263000`;

function received(method: string, target: string, headers: Record<string, string> = {}): SignedRequest {
  const [path = "", query = ""] = target.split("?");
  const all = { host: "127.0.0.1:4566", ...headers };
  return { method, path, query, headers: all, rawHeaders: Object.entries(all).flat() };
}
const inPath = (method: string, target: string, headers?: Record<string, string>) =>
  received(method, `/photos${target}`, headers);
const inHost = (method: string, target: string) => received(method, target, { host: "photos.s3.localhost:4566" });
const refused = (request: SignedRequest, now = NOON) => {
  const { status, code, message } = refusalOf(() => verify(request, "", "s3", now));
  return [status, code, message];
};

describe("URLs presigned by Signature Version 2", () => {
  it("are accepted as boto3 makes them, with the bucket in the path or in the host", () => {
    verify(inPath("GET", READ), "", "s3");
    verify(inHost("GET", READ), "", "s3");
    verify(inPath("PUT", WRITE), "any body", "s3");
    verify(inHost("PUT", WRITE), "any body", "s3");
    verify(inPath("GET", LIST), "", "s3");
    verify(inHost("GET", `/${LIST}`), "", "s3");
    verify(inPath("GET", BY_SESSION), "", "s3");
  });

  it("are accepted for their ten minutes and refused after", () => {
    verify(inPath("GET", READ), "", "s3", NOON + 600_000);
    const expired = [400, "RequestExpired", "Request has expired"];
    assert.deepEqual(refused(inPath("GET", READ), NOON + 600_001), expired);
    const later = READ.replace("1795263000", "1795263001");
    assert.deepEqual(refused(inPath("GET", later)), [403, "InvalidSignatureException", MISMATCH]);
  });

  it("are refused when what they cover was changed or something was put beside it", () => {
    const wrong = [403, "InvalidSignatureException", MISMATCH];
    assert.deepEqual(refused(inPath("HEAD", READ)), wrong);
    assert.deepEqual(refused(inPath("GET", READ.replace("/d.jpg", "/e.jpg"))), wrong);
    assert.deepEqual(refused(inPath("GET", READ.replace("versionId=v1&", ""))), wrong);
    assert.deepEqual(refused(inPath("GET", READ.replace("c7bb", "d7bb"))), wrong);
    assert.deepEqual(refused(inPath("GET", READ.replace("c7bbqVfkrHsrjD5v3A9NPGC2nas%3D", "short"))), wrong);
    assert.deepEqual(refused(inPath("GET", `${LIST}&acl`)), wrong);
    assert.deepEqual(refused(inPath("GET", `${LIST}&%65ncryption`)), wrong);
    assert.deepEqual(refused(inPath("PUT", WRITE.replace("=me", "=you"))), wrong);
    assert.deepEqual(refused(inPath("PUT", WRITE, { "x-amz-acl": "public-read" })), wrong);
    assert.deepEqual(refused(inPath("PUT", WRITE, { "content-type": "text/html" })), wrong);
    assert.deepEqual(refused(received("GET", READ, { host: "others.s3.localhost" })), wrong);
  });

  it("say what they lack, and who signs them must be known", () => {
    const incomplete = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
    const denied = [403, "AccessDeniedException", incomplete];
    assert.deepEqual(refused(inPath("GET", READ.replace("&Expires=1795263000", ""))), denied);
    assert.deepEqual(refused(inPath("GET", READ.replace("&Signature=", "&Sig="))), denied);
    assert.match(String(refused(inPath("GET", READ.replace("1795263000", "soon")))), /Invalid date .*: soon$/);
    const unknown = refused(inPath("GET", READ.replace(KEY.accessKeyId, "AKIDOTHER")));
    assert.equal(unknown[1], "UnrecognizedClientException");
    const token = refused(inPath("GET", BY_SESSION.replace("to%2Fk%2Ben", "wrong")));
    assert.equal(token[1], "UnrecognizedClientException");
  });

  it("mean nothing to other services", () => {
    assert.equal(
      refusalOf(() => verify(inPath("GET", READ), "", "lambda")).code,
      "MissingAuthenticationTokenException",
    );
    const ofSqs = received("GET", `/?Action=ListQueues&${BY}abc&Expires=1&SignatureVersion=2`);
    assert.equal(isSignedByV2(ofSqs), false);
    assert.equal(isSignedByV2(received("GET", "/k?x=AWSAccessKeyId=1")), false);
  });
});

describe("headers in the query of a presigned URL", () => {
  it("count where the request has none of the name, but for those of the signature and checksums", () => {
    const query =
      "X-Amz-Signature=a&X-Amz-Date=b&x-amz-meta-a=1%202&x-amz-meta-a=3&X-Amz-Acl=private&x-amz-checksum-crc32=AAAAAA%3D%3D";
    const request = received("PUT", `/k?${query}`, { "x-amz-acl": "public-read" });
    assert.deepEqual(withQueryHeaders(request), { ...request.headers, "x-amz-meta-a": "1 2" });
    const signed = received("PUT", `/k?${query}`, { authorization: "AWS4-HMAC-SHA256 ..." });
    assert.deepEqual(withQueryHeaders(signed), signed.headers);
  });

  it("cannot be several in one", () => {
    const { code } = refusalOf(() => queryHeaders("x-amz-meta-a=1%0Ax-amz-acl:public-read"));
    assert.equal(code, "ValidationException");
  });
});
