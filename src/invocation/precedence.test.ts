import assert from "node:assert/strict";
import { test } from "node:test";
import { Precedence, TURN_MS } from "./precedence.ts";

function pressedBy(callers: number, use: number, now: () => number = () => 0): Precedence {
  const precedence = new Precedence(() => use, now);
  for (let caller = 0; caller < callers; caller++) precedence.arrived();
  precedence.measure();
  return precedence;
}

test("events are taken without limit by a region that has time to spare", () => {
  using precedence = pressedBy(1000, 0.5);
  precedence.took(100);
  assert.equal(precedence.room, Number.POSITIVE_INFINITY);
});

test("a thread that only events keep full limits nothing: there is nobody to wait for", () => {
  using precedence = pressedBy(10, 1);
  assert.equal(precedence.room, Number.POSITIVE_INFINITY);
});

test("while many callers keep it full, a few are taken a turn", () => {
  let now = 0;
  using precedence = pressedBy(1000, 1, () => now);
  assert.equal(precedence.room, 2);
  precedence.took(1);
  assert.equal(precedence.room, 1);
  precedence.took(1);
  assert.equal(precedence.room, 0);
  now += TURN_MS;
  assert.equal(precedence.room, 2);
});

test("as soon as the callers are gone events run as fast as they can", () => {
  using precedence = pressedBy(1000, 1);
  precedence.took(2);
  precedence.measure();
  assert.equal(precedence.room, Number.POSITIVE_INFINITY);
});
