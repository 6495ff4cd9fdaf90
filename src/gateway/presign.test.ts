import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { presign } from "./presign.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";
import { KEY, MISMATCH, NOON, plain, received, refusalOf, signer, verify } from "./test-signing.ts";

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
