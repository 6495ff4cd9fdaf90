import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LargeBodies } from "./large-bodies.ts";

function setUp() {
  const bodies = new LargeBodies();
  const came: number[] = [];
  const turns = Array.from({ length: 9 }, (_, index) => bodies.enter(() => came.push(index)));
  return { came, turns };
}

test("four are inside at a time, the others follow in order as these leave, each leaving once", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { came, turns } = setUp();
  assert.deepEqual(came, [0, 1, 2, 3]);
  turns[4]?.leave();
  turns[3]?.leave();
  turns[3]?.leave();
  assert.deepEqual(came.slice(4), [5], "who gave up is passed over");
  turns[0]?.leave();
  assert.deepEqual(came.slice(4), [5, 6]);
});

test("nobody waits for ever", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { came, turns } = setUp();
  turns[8]?.leave();
  mock.timers.tick(10_000);
  assert.deepEqual(came, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("whoever keeps a turn leaves, and is made to leave after a while", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { came, turns } = setUp();
  assert.equal(turns[0]?.isKept, false);
  turns[0]?.keep();
  turns[1]?.keep();
  assert.equal(turns[0]?.isKept, true);
  turns[1]?.leave();
  assert.deepEqual(came.slice(4), [4]);
  mock.timers.tick(1000);
  assert.deepEqual(came.slice(4), [4, 5], "once each");
});
