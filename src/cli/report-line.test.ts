import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReport } from "./report-line.ts";

const REPORT =
  "REPORT RequestId: 8f5\tDuration: 1.52 ms\tBilled Duration: 32 ms\tMemory Size: 128 MB\tMax Memory Used: 39 MB\t";

test("the figures of a cold invocation include its init", () => {
  const log = `START RequestId: 8f5 Version: $LATEST\nEND RequestId: 8f5\n${REPORT}Init Duration: 30.25 ms\t\n`;
  assert.deepEqual(parseReport(log), { durationMs: 1.52, maxMemoryMb: 39, initMs: 30.25 });
});

test("a warm invocation has no init", () => {
  assert.deepEqual(parseReport(`${REPORT}\n`), { durationMs: 1.52, maxMemoryMb: 39 });
});

test("a log without REPORT is refused", () => {
  assert.throws(() => parseReport("hello\n"), /no REPORT line/);
});
