/** `kill -9` of the region, five times, while it accepts and runs 2,000 asynchronous invocations. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "./async-soak.ts";

test("every accepted event runs and its record is delivered, however often the region is killed meanwhile", async (t) => {
  const { accepted, lost, undelivered, ...twice } = await soak({ events: 2000, kills: 5, giveUpMs: 90_000 });
  t.diagnostic(`${accepted} accepted; ran again: ${twice.runsTwice}, delivered again: ${twice.deliveredTwice}`);
  assert.ok(accepted >= 2000);
  assert.deepEqual({ lost, undelivered }, { lost: 0, undelivered: 0 });
});
