/** `kill -9` of the region, at random moments, while messages are published and delivered to queues and a function. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { snsSoak } from "./sns-soak.ts";

test("each subscriber gets every message that was accepted, and groups in order, however often the region is killed", async (t) => {
  const { accepted, lost, reordered, twice } = await snsSoak({ kills: 3, longestMs: 1000 });
  t.diagnostic(`${accepted} accepted; delivered again: ${twice}`);
  assert.ok(accepted > 0);
  assert.deepEqual({ lost, reordered }, { lost: [0, 0, 0], reordered: 0 });
});
