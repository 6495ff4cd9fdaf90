/** `kill -9` of the region, at random moments, while messages are sent to queues and worked on by functions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sqsSoak } from "./sqs-soak.ts";

test("no message that was accepted is lost, and no group is reordered, however often the region is killed", async (t) => {
  const { accepted, lost, reordered, twice } = await sqsSoak({ kills: 3, longestMs: 1000 });
  t.diagnostic(`${accepted} accepted; worked on again: ${twice}`);
  assert.ok(accepted > 0);
  assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 0 });
});
