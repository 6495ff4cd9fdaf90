import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerOf } from "./answer.ts";
import { MalformedAnswer } from "./response-headers.ts";

const answer = (value: unknown, ownsCors = false) => {
  const { status, headers, body } = answerOf(Buffer.from(JSON.stringify(value)), ownsCors);
  return { status, headers, body: body.toString() };
};
const JSON_TYPE = ["Content-Type", "application/json"];
const ok = (body: string) => ({ status: 200, headers: JSON_TYPE, body });

describe("what a function returned without a statusCode", () => {
  it("is a JSON document, without white space, and a string is its own text", () => {
    assert.deepEqual(answer({ a: [1, " x "] }), ok('{"a":[1," x "]}'));
    assert.deepEqual(answer([1, 2]), ok("[1,2]"));
    assert.deepEqual(answer(1.5), ok("1.5"));
    assert.deepEqual(answer(true), ok("true"));
    assert.deepEqual(answer(null), ok("null"));
    assert.deepEqual(answer('h"ello\n€'), ok('h"ello\n€'));
    assert.deepEqual(answer(""), ok(""));
    const python = answerOf(Buffer.from(' {"a": 12345678901234567890, "b\\" :": [ ]}\n'), false);
    assert.equal(python.body.toString(), '{"a":12345678901234567890,"b\\" :":[]}');
  });

  it("is passed on as it is when it is no JSON at all, as runtimes of one's own may answer", () => {
    for (const text of ["hello world", "{ not json", '"open', ""]) {
      assert.equal(answerOf(Buffer.from(text), false).body.toString(), text);
    }
  });
});

describe("what a function returned with a statusCode", () => {
  it("is the response", () => {
    const headers = { "X-Number": 1, "x-flag": true, "content-type": "text/html; charset=utf-8", "x-none": null };
    assert.deepEqual(answer({ statusCode: 201, headers, body: "<p>ü</p>", cookies: ["a=1; Path=/", "b=2"] }), {
      status: 201,
      headers: [
        ...["X-Number", "1", "x-flag", "true", "content-type", "text/html; charset=utf-8"],
        ...["Set-Cookie", "a=1; Path=/", "Set-Cookie", "b=2"],
      ],
      body: "<p>ü</p>",
    });
  });

  it("may leave everything else away", () => {
    assert.deepEqual(answer({ statusCode: "418" }), { status: 418, headers: JSON_TYPE, body: "" });
    assert.deepEqual(answer({ statusCode: 599, body: null, headers: null, cookies: null }).body, "");
    assert.deepEqual(answer({ statusCode: 200, isBase64Encoded: false, body: "x" }).body, "x");
  });

  it("may have a body that is no text: it goes out as JSON", () => {
    assert.equal(answer({ statusCode: 200, body: { a: 1 } }).body, '{"a":1}');
    assert.equal(answer({ statusCode: 200, body: 7 }).body, "7");
  });

  it("may hold bytes in base64", () => {
    const bytes = Buffer.from([0, 255, 10, 128]);
    const returned = { statusCode: 200, isBase64Encoded: true, body: bytes.toString("base64") };
    assert.deepEqual(answerOf(Buffer.from(JSON.stringify(returned)), false).body, bytes);
  });

  it("has under another name what the URL itself writes", () => {
    const headers = { "Content-Length": "3", date: "now", "WWW-Authenticate": "Basic", Connection: "close" };
    assert.deepEqual(answer({ statusCode: 200, headers }).headers, [
      ...JSON_TYPE,
      ...["x-amzn-Remapped-content-length", "3", "x-amzn-Remapped-date", "now"],
      ...["x-amzn-Remapped-www-authenticate", "Basic", "x-amzn-Remapped-connection", "close"],
    ]);
  });

  it("has each header once, whatever the letter case", () => {
    const headers = { "Content-Type": "text/plain", "content-type": "text/html", "X-A": 1, "x-a": 2 };
    assert.deepEqual(answer({ statusCode: 200, headers }).headers, ["content-type", "text/html", "x-a", "2"]);
  });

  it("gives its own CORS headers up where the URL has some", () => {
    const headers = { "Access-Control-Allow-Origin": "*", "access-control-max-age": "1", vary: "x" };
    assert.deepEqual(answer({ statusCode: 200, headers }, true).headers, [...JSON_TYPE, "vary", "x"]);
    assert.equal(answer({ statusCode: 200, headers }).headers.length, 8);
  });

  it("is refused when it can be no HTTP response", () => {
    const bad = [
      ...["abc", 99, 100, 199, 600, 200.5, "0x0", "20", "2000", null, [], {}, true].map((statusCode) => ({
        statusCode,
      })),
      ...["text", [], 1].map((headers) => ({ statusCode: 200, headers })),
      ...[{ a: ["b"] }, { a: {} }, { "a b": "c" }, { "": "c" }, { a: "b\r\nc: d" }, { a: "\0" }].map((headers) => ({
        statusCode: 200,
        headers,
      })),
      ...["a=1", {}, [1, null], ["a\nb"]].map((cookies) => ({ statusCode: 200, cookies })),
      { statusCode: 200, isBase64Encoded: "true", body: "" },
      { statusCode: 200, isBase64Encoded: true, body: "not base64!" },
      { statusCode: 200, isBase64Encoded: true, body: "abcde" },
    ];
    for (const value of bad) assert.throws(() => answer(value), MalformedAnswer, JSON.stringify(value));
  });
});
