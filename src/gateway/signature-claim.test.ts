import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SignedRequest } from "./sigv4-canonical.ts";
import { plain, received, refusalOf, verify } from "./test-signing.ts";

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
