import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnerPattern, ownerPattern } from "./owner-pattern.ts";

test("an owner's expression is matched with all of a text", () => {
  const token = ownerPattern("Bearer [a-z]+|none");
  assert.deepEqual(
    ["Bearer abc", "none", "Bearer abc!", "xnone", ""].map((text) => token.matches(text)),
    [true, true, false, false, false],
  );
});

test("an expression that would try for ages is done at once", () => {
  // 2^200 ways for an engine that goes back.
  const text = `${"a".repeat(200)}!`;
  assert.equal(ownerPattern("(a+)+").matches(text), false);
  assert.equal(ownerPattern("(a|aa|a)*").matches(text), false);
});

test("what cannot be matched in linear time, or read, is told, and matches nothing", () => {
  const strange = ["(", "(?=a)a", "(a)\\1"];
  assert.deepEqual(strange.map(isOwnerPattern), [false, false, false]);
  assert.deepEqual(
    strange.map((expression) => ownerPattern(expression).matches("a")),
    [false, false, false],
  );
  assert.equal(isOwnerPattern("^Bearer [-0-9a-zA-Z._]*$"), true);
});
