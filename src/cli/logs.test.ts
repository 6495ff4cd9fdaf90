import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "./arguments.ts";
import { sinceMs } from "./logs.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");

test("--since takes how long ago, or a date", () => {
  assert.equal(sinceMs("30s", NOW), NOW - 30_000);
  assert.equal(sinceMs("10m", NOW), NOW - 600_000);
  assert.equal(sinceMs("2h", NOW), NOW - 7_200_000);
  assert.equal(sinceMs("2026-11-21T11:00:00Z", NOW), NOW - 3_600_000);
});

test("--since refuses what is neither", () => {
  assert.throws(() => sinceMs("yesterday", NOW), UsageError);
});
