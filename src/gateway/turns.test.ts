import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Turns } from "./turns.ts";

/** So many come at once. @returns who has passed so far */
function crowd(turns: Turns, size: number): number[] {
  const passed: number[] = [];
  for (let one = 1; one <= size; one++) {
    const wait = turns.wait();
    if (wait) void wait.then(() => passed.push(one));
    else passed.push(one);
  }
  return passed;
}

test("a few pass at once, the others a few in each turn of the event loop, in their order", async () => {
  const passed = crowd(new Turns(2), 5);
  assert.deepEqual(passed, [1, 2]);
  await turn();
  assert.deepEqual(passed, [1, 2, 3, 4]);
  await turn();
  assert.deepEqual(passed, [1, 2, 3, 4, 5]);
});

test("nobody passes those who wait", async () => {
  const turns = new Turns(1);
  const passed = crowd(turns, 3);
  await turn();
  void turns.wait()?.then(() => passed.push(4));
  await turn();
  await turn();
  assert.deepEqual(passed, [1, 2, 3, 4]);
});

test("whoever comes when all have passed waits for nobody", async () => {
  const turns = new Turns(2);
  crowd(turns, 4);
  for (let count = 0; count < 3; count++) await turn();
  assert.equal(turns.wait(), undefined);
  assert.equal(turns.wait(), undefined);
});
