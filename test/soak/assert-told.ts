/** For tests: a story is told over a few crashes, and nothing may be wrong at its end. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Prologue, tellThrough } from "./story.ts";

export async function assertTold(t: TestContext, prologue: Prologue): Promise<void> {
  const { accepted, doubled, wrong } = await tellThrough(prologue, { kills: 2, longestMs: 1000 });
  t.diagnostic(`${accepted} accepted; came again: ${JSON.stringify(doubled)}`);
  assert.ok(accepted > 0);
  assert.deepEqual(wrong, Object.fromEntries(Object.keys(wrong).map((name) => [name, 0])));
}
