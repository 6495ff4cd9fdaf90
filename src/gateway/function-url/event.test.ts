import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { iamCallerOf } from "../../wire/http-integration/iam-caller.ts";
import { type UrlRequest, urlEvent } from "./event.ts";

const ID = "a".repeat(32);
const TRACE = "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e;Parent=53995c3f42cd8ad8;Sampled=0";

function event(given: Partial<Omit<UrlRequest, "head">> & { head?: Partial<UrlRequest["head"]> } = {}) {
  const head = { method: "GET", path: "/", query: "", headers: {}, rawHeaders: [], ...given.head };
  const request: UrlRequest = {
    path: head.path,
    address: { urlId: ID, region: "us-east-1", domainName: `${ID}.lambda-url.us-east-1.localhost` },
    protocol: "HTTP/1.1",
    sourceIp: "127.0.0.1",
    port: 4566,
    body: Buffer.alloc(0),
    requestId: "7d3b4e3c-0000-4000-8000-000000000000",
    traceId: TRACE,
    timeMs: Date.UTC(2020, 2, 12, 19, 3, 58, 390),
    caller: undefined,
    ...given,
    head,
  };
  return JSON.parse(urlEvent(request).toString());
}

const withBody = (type: string | undefined, body: Buffer | string, more: string[] = []) => {
  const rawHeaders = [...(type === undefined ? [] : ["Content-Type", type]), ...more];
  const { body: text, isBase64Encoded } = event({ body: Buffer.from(body), head: { method: "POST", rawHeaders } });
  return { body: text, isBase64Encoded };
};

describe("the event of a request to a function URL", () => {
  it("is payload format 2.0 to the letter", () => {
    const rawHeaders = ["Host", `${ID}.lambda-url.us-east-1.localhost:4566`, "User-Agent", "agent", "X-A", "1"];
    const head = { method: "GET", path: "/my/pa2%Fth/1", query: "a=1&a=2&b=x%20y", rawHeaders };
    assert.deepEqual(event({ head }), {
      version: "2.0",
      routeKey: "$default",
      rawPath: "/my/pa2%Fth/1",
      rawQueryString: "a=1&a=2&b=x%20y",
      headers: {
        host: `${ID}.lambda-url.us-east-1.localhost:4566`,
        "user-agent": "agent",
        "x-a": "1",
        "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-port": "4566",
        "x-forwarded-proto": "http",
      },
      queryStringParameters: { a: "1,2", b: "x y" },
      requestContext: {
        accountId: "anonymous",
        apiId: ID,
        domainName: `${ID}.lambda-url.us-east-1.localhost`,
        domainPrefix: ID,
        http: { method: "GET", path: "/my/pa2%Fth/1", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "agent" },
        requestId: "7d3b4e3c-0000-4000-8000-000000000000",
        routeKey: "$default",
        stage: "$default",
        time: "12/Mar/2020:19:03:58 +0000",
        timeEpoch: 1584039838390,
      },
      isBase64Encoded: false,
    });
  });

  it("joins repeated headers by commas, lists cookies, and keeps what is between neighbours to itself", () => {
    const raw = [
      "X-B",
      "1",
      "x-b",
      "2",
      "Cookie",
      "a=1; b=2",
      "cookie",
      "c=3",
      "Connection",
      "close",
      "TE",
      "trailers",
    ];
    const lies = ["X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https", "x-amzn-tls-version", "TLSv1.3"];
    const { headers, cookies } = event({ head: { rawHeaders: [...raw, ...lies] } });
    assert.deepEqual(cookies, ["a=1", "b=2", "c=3"]);
    assert.deepEqual(
      [headers["x-b"], headers.cookie, headers.connection, headers.te],
      ["1,2", "a=1; b=2; c=3", undefined, undefined],
    );
    assert.deepEqual(
      [headers["x-forwarded-for"], headers["x-forwarded-proto"], headers["x-amzn-tls-version"]],
      ["127.0.0.1", "http", undefined],
    );
    assert.equal("cookies" in event(), false);
  });

  it("decodes query parameters as far as they can be, whatever they are called", () => {
    const parameters = (query: string) => event({ head: { query } }).queryStringParameters;
    assert.deepEqual(parameters("foo=foo&foo=%2Fbar"), { foo: "foo,/bar" });
    assert.deepEqual(parameters("a+b=c+d&e&f=&=g"), { "a b": "c d", e: "", f: "", "": "g" });
    assert.deepEqual(parameters("a=%zz"), { a: "%zz" });
    assert.deepEqual(Object.entries(parameters("__proto__=1")), [["__proto__", "1"]]);
    assert.equal(parameters(""), undefined);
  });

  it("has text as text and everything else in base64", () => {
    for (const type of ["text/plain", "TEXT/html; charset=utf-8", "application/json", "application/xml"]) {
      assert.deepEqual(withBody(type, "ü"), { body: "ü", isBase64Encoded: false }, type);
    }
    assert.deepEqual(withBody("application/javascript", "1"), { body: "1", isBase64Encoded: false });
    for (const type of [
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "image/png",
      undefined,
    ]) {
      assert.deepEqual(withBody(type, "abc"), { body: "YWJj", isBase64Encoded: true }, String(type));
    }
    assert.deepEqual(withBody("text/plain", ""), { body: undefined, isBase64Encoded: false });
    assert.deepEqual(withBody("image/png", ""), { body: undefined, isBase64Encoded: false });
  });

  it("does not break what calls itself text and is none", () => {
    assert.deepEqual(withBody("text/plain", Buffer.from([255])), { body: "/w==", isBase64Encoded: true });
    const zipped = withBody("application/json", "abc", ["Content-Encoding", "gzip"]);
    assert.deepEqual(zipped, { body: "YWJj", isBase64Encoded: true });
  });

  it("tells who signed, without what it was signed with", () => {
    const arn = "arn:aws:sts::000000000000:assumed-role/caller/session";
    const caller = iamCallerOf({ arn, accountId: "000000000000", kind: "execution-role" }, "ASIAKEY");
    const rawHeaders = ["Authorization", "AWS4-HMAC-SHA256 ...", "X-Amz-Security-Token", "t", "X-Amz-Date", "d"];
    const { headers, requestContext } = event({ caller, head: { rawHeaders } });
    assert.match(caller.userId, /^AROA[0-9A-F]{17}:session$/);
    assert.equal(requestContext.accountId, "000000000000");
    assert.deepEqual(requestContext.authorizer, {
      iam: {
        accessKey: "ASIAKEY",
        accountId: "000000000000",
        callerId: caller.userId,
        cognitoIdentity: null,
        principalOrgId: null,
        userArn: arn,
        userId: caller.userId,
      },
    });
    assert.deepEqual(
      [headers.authorization, headers["x-amz-security-token"], headers["x-amz-date"]],
      [undefined, undefined, "d"],
    );
    assert.equal(event({ head: { rawHeaders } }).headers.authorization, "AWS4-HMAC-SHA256 ...");
  });
});
