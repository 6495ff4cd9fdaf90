import assert from "node:assert/strict";
import { test } from "node:test";
import { median, percentile } from "./statistics.ts";

test("a percentile is a value that was measured, in whatever order they came", () => {
  const values = [30, 10, 50, 20, 40];
  assert.equal(median(values), 30);
  assert.equal(percentile(values, 0.99), 50);
  assert.equal(percentile(values, 0), 10);
});
