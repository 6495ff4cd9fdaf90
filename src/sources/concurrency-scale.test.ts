import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcurrencyScale } from "./concurrency-scale.ts";

const RULES = { first: 5, most: 1250, perMinute: 300 };

/** Under load for as many seconds, asked every 200 ms. */
function press(scale: ConcurrencyScale, fromMs: number, seconds: number): number {
  const untilMs = fromMs + seconds * 1000;
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 200) scale.pressed(nowMs);
  return untilMs;
}

test("concurrency grows by 300 a minute while there is load, up to its bound", () => {
  const scale = new ConcurrencyScale(RULES);
  assert.equal(scale.limit(0), 5);
  const minute = press(scale, 0, 60);
  assert.equal(Math.round(scale.limit(minute)), 305);
  assert.equal(scale.limit(press(scale, minute, 600)), 1250);
  const small = new ConcurrencyScale({ ...RULES, most: 2 });
  assert.equal(small.limit(press(small, 0, 60)), 2);
});

test("it does not grow by moments of load that are far apart, and is as at first after a quiet minute", () => {
  const scale = new ConcurrencyScale(RULES);
  for (let nowMs = 0; nowMs < 50_000; nowMs += 5000) scale.pressed(nowMs);
  assert.equal(scale.limit(50_000), 5);
  const loaded = press(scale, 100_000, 30);
  assert.ok(scale.limit(loaded + 59_000) > 100);
  assert.equal(scale.limit(loaded + 61_000), 5);
});

test("each throttle halves it, down to one", () => {
  const scale = new ConcurrencyScale(RULES);
  scale.throttled(0);
  assert.equal(scale.limit(0), 2);
  for (let times = 0; times < 5; times++) scale.throttled(0);
  assert.equal(scale.limit(0), 1);
  assert.equal(Math.round(scale.limit(press(scale, 0, 10))), 51);
});
