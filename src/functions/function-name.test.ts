import assert from "node:assert/strict";
import { test } from "node:test";
import { functionArn, parseFunctionName } from "./function-name.ts";

const place = { region: "us-east-1", accountId: "123456789012" };

test("every form in which Lambda accepts a function's name is understood", () => {
  assert.deepEqual(parseFunctionName("hello"), { name: "hello" });
  assert.deepEqual(parseFunctionName("hello:7"), { name: "hello", qualifier: "7" });
  assert.deepEqual(parseFunctionName("hello:$LATEST"), { name: "hello", qualifier: "$LATEST" });
  assert.deepEqual(parseFunctionName("hello:$LATEST.PUBLISHED"), { name: "hello", qualifier: "$LATEST.PUBLISHED" });
  assert.deepEqual(parseFunctionName("function:hello"), { name: "hello" });
  assert.deepEqual(parseFunctionName("function:hello:live"), { name: "hello", qualifier: "live" });
  assert.deepEqual(parseFunctionName("123456789012:function:hello"), { name: "hello", accountId: "123456789012" });
  assert.deepEqual(parseFunctionName("123456789012:function:hello:live"), {
    name: "hello",
    qualifier: "live",
    accountId: "123456789012",
  });
  assert.deepEqual(parseFunctionName("arn:aws:lambda:us-east-1:123456789012:function:hello"), {
    name: "hello",
    ...place,
  });
  assert.deepEqual(parseFunctionName("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:hello:1"), {
    name: "hello",
    qualifier: "1",
    region: "us-gov-west-1",
    accountId: "123456789012",
  });
});

test("what is not a function's name is refused", () => {
  for (const text of ["", "a b", "a:b:c:d", "a/b", "hello:", "hello:$NEWEST", "../etc", "a\n", "a".repeat(257)]) {
    assert.equal(parseFunctionName(text), undefined, JSON.stringify(text));
  }
});

test("an ARN carries the partition of its region and, when given, the qualifier", () => {
  assert.equal(functionArn(place, "f"), "arn:aws:lambda:us-east-1:123456789012:function:f");
  assert.equal(functionArn(place, "f", "live"), "arn:aws:lambda:us-east-1:123456789012:function:f:live");
  assert.equal(
    functionArn({ region: "cn-north-1", accountId: "123456789012" }, "f"),
    "arn:aws-cn:lambda:cn-north-1:123456789012:function:f",
  );
});
