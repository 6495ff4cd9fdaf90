import assert from "node:assert/strict";
import { test } from "node:test";
import { throttleOf } from "./throttle.ts";

test("lets a burst through, and then so many a second", () => {
  const throttle = throttleOf(3, 2);
  const admitted = [0, 0, 0, 0, 400, 500, 600, 1000, 1000].map((nowMs) => throttle?.admits(nowMs));
  assert.deepEqual(admitted, [true, true, true, false, false, true, false, true, false]);
});

test("is none where nothing is said, or less than nothing, and lets nothing through a limit of nothing", () => {
  assert.equal(throttleOf(undefined, undefined), undefined);
  assert.equal(throttleOf(-1, -1), undefined);
  assert.equal(throttleOf(0, 10)?.admits(0), false);
  assert.equal(throttleOf(10, 0)?.admits(0), false);
  assert.equal(throttleOf(1, undefined)?.admits(0), true);
});
