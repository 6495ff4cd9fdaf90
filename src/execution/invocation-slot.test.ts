import assert from "node:assert/strict";
import { test } from "node:test";
import type { Invocation } from "./invocation.ts";
import { InvocationSlot, type Poll, type RestoreMode } from "./invocation-slot.ts";

const invocation: Invocation = {
  requestId: "11111111-1111-4111-8111-111111111111",
  payload: Buffer.from("{}"),
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f",
  traceId: "Root=1-0-0",
};

function setUp(restoreMode?: RestoreMode) {
  const heard: string[] = [];
  const slot = new InvocationSlot(restoreMode);
  slot.listen({
    onNext: () => heard.push("next"),
    onStream: () => undefined,
    onAnswer: (answer) => heard.push(`answer ${answer.kind}`),
    onInitError: (_body, errorType) => heard.push(`init error ${errorType}`),
    onRestoreReady: () => heard.push("restore ready"),
    onRestoreError: (_body, errorType) => heard.push(`restore error ${errorType}`),
  });
  const poll = (alive = true): Poll & { got: string[] } => {
    const got: string[] = [];
    return { alive, got, answer: ({ requestId }) => got.push(requestId) };
  };
  return { slot, heard, poll };
}

test("the first next ends init and an invocation goes to the parked poll", () => {
  const { slot, heard, poll } = setUp();
  const parked = poll();
  assert.equal(slot.next(parked), true);
  assert.deepEqual(heard, ["next"]);
  slot.deliver(invocation, 1);
  assert.deepEqual(parked.got, [invocation.requestId]);
  assert.equal(slot.state, "Running");
});

test("an answer is taken once, and only for the current invocation", () => {
  const { slot, heard, poll } = setUp();
  slot.next(poll());
  slot.deliver(invocation, 1);
  const answer = { kind: "response", body: Buffer.from("1") } as const;
  assert.equal(slot.answer("another", answer), false);
  assert.equal(slot.answer(invocation.requestId, answer), true);
  assert.equal(slot.answer(invocation.requestId, answer), false);
  assert.deepEqual(heard, ["next", "answer response"]);
});

test("next is refused while an invocation runs, and after an init error", () => {
  const { slot, poll } = setUp();
  slot.next(poll());
  slot.deliver(invocation, 1);
  assert.equal(slot.next(poll()), false);
  slot.reset();
  assert.equal(slot.initError(Buffer.from("{}"), "Runtime.Unknown"), true);
  assert.equal(slot.next(poll()), false);
});

test("an init error is refused once the runtime has asked for work", () => {
  const { slot, poll } = setUp();
  slot.next(poll());
  assert.equal(slot.initError(Buffer.from("{}"), "Runtime.Unknown"), false);
});

test("an invocation whose poll broke off waits for the next poll instead of being lost", () => {
  const { slot, poll } = setUp();
  slot.next(poll(false));
  slot.deliver(invocation, 1);
  const again = poll();
  assert.equal(slot.next(again), true);
  assert.deepEqual(again.got, [invocation.requestId]);
  assert.equal(slot.next(poll()), false);
});

test("delivering to a runtime that is not ready is a fault of ours", () => {
  const { slot } = setUp();
  assert.throws(() => slot.deliver(invocation, 1), /state Started/);
});

test("a runtime that is held waits, asks again when its connection broke, and goes on when it is let", () => {
  const { slot, heard, poll } = setUp("held");
  const asked: string[] = [];
  const restorePoll = (name: string, alive = true) => ({ alive, answer: () => void asked.push(name) });
  assert.equal(slot.restoreNext(restorePoll("broken", false)), true);
  assert.equal(slot.restoreNext(restorePoll("again")), true);
  assert.equal(slot.restoreNext(restorePoll("once more")), false);
  assert.equal(slot.next(poll()), false);
  assert.deepEqual([slot.isInitialised, slot.restoringSinceMs, asked], [true, undefined, []]);
  slot.letGoOn();
  slot.letGoOn();
  assert.deepEqual([asked, heard], [["again"], ["restore ready"]]);
  assert.equal(typeof slot.restoringSinceMs, "number");
  assert.equal(slot.next(poll()), true);
  assert.equal(slot.state, "Ready");
});

test("a runtime that is not held goes on at once, also after a reset", () => {
  const { slot, heard, poll } = setUp("held");
  slot.letGoOn();
  for (const asked of [[], []] as string[][]) {
    assert.equal(slot.restoreNext({ alive: true, answer: () => void asked.push("answered") }), true);
    assert.deepEqual(asked, ["answered"]);
    assert.equal(slot.next(poll()), true);
    slot.reset();
  }
  assert.deepEqual(heard, ["next", "next"]);
});

test("only a runtime that is being restored can fail at that", () => {
  const { slot, heard, poll } = setUp("at-once");
  assert.equal(slot.restoreError(Buffer.from("{}"), "Runtime.A"), false);
  slot.restoreNext({ alive: true, answer: () => {} });
  assert.equal(slot.restoreError(Buffer.from("{}"), "Runtime.B"), true);
  assert.equal(slot.next(poll()), false);
  assert.deepEqual(heard, ["restore error Runtime.B"]);
});
