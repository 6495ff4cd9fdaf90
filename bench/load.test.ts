import assert from "node:assert/strict";
import { test } from "node:test";
import { responseLength } from "./load.ts";

const whole = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");

test("a response is whole when its head and the declared bytes are there", () => {
  assert.equal(responseLength(whole), whole.length);
  assert.equal(responseLength(Buffer.concat([whole, whole])), whole.length);
});

test("a response is incomplete until its last byte", () => {
  for (let bytes = 0; bytes < whole.length; bytes++) assert.equal(responseLength(whole.subarray(0, bytes)), 0);
});

test("a chunked response ends with the empty chunk", () => {
  const chunked = Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
  assert.equal(responseLength(chunked), chunked.length);
});
