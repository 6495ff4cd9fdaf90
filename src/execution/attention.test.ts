import assert from "node:assert/strict";
import { test } from "node:test";
import { Attention } from "./attention.ts";

/** A loop that the test turns. */
function playedLoop() {
  const callbacks: (() => void)[] = [];
  const loop = {
    ms: 0,
    turns: 0,
    now: () => loop.ms,
    again: (callback: () => void) => void callbacks.push(callback),
    /** Turns until nothing is to be called any more. */
    run() {
      for (let next = callbacks.shift(); next; next = callbacks.shift()) {
        loop.turns++;
        loop.ms += 0.01;
        next();
      }
    },
  };
  return loop;
}

test("after a quick function got its event the loop stays awake for a moment, and then sleeps", () => {
  const loop = playedLoop();
  new Attention(loop, 2).pay(0.2);
  loop.run();
  assert.ok(loop.turns > 20 && loop.turns < 40, `${loop.turns} turns`);
});

test("further events prolong the moment and do not add to the work", () => {
  const loop = playedLoop();
  const attention = new Attention(loop, 2);
  for (let i = 0; i < 100; i++) attention.pay(0.2);
  loop.run();
  assert.ok(loop.turns < 40, `${loop.turns} turns`);
  attention.pay(0.2);
  loop.run();
  assert.ok(loop.turns > 40, "it looks again for the next");
});

test("nobody stays awake for functions that take long or are not known yet, nor where there is one core", () => {
  const loop = playedLoop();
  new Attention(loop, 2).pay(5);
  new Attention(loop, 2).pay(undefined);
  new Attention(loop, 1).pay(0.2);
  loop.run();
  assert.equal(loop.turns, 0);
});
