import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedMemo } from "./bounded-memo.ts";

test("a text that came before is not worked on again, unless too many others came since", () => {
  const made: string[] = [];
  const memo = boundedMemo((text) => {
    made.push(text);
    return text.length;
  }, 2);
  assert.deepEqual(["a", "b", "a", "b"].map(memo), [1, 1, 1, 1]);
  assert.deepEqual(made, ["a", "b"]);
  memo("c");
  memo("a");
  assert.deepEqual(made, ["a", "b", "c", "a"]);
});

test("long texts are not kept", () => {
  let times = 0;
  const memo = boundedMemo(() => ++times, 2, 3);
  memo("four");
  memo("four");
  assert.equal(times, 2);
});
