import assert from "node:assert/strict";
import { test } from "node:test";
import { TestQueues } from "./test-queues.ts";

const FIVE_MINUTES_MS = 300_000;

test("a group that is in flight is received from by nobody else; others are", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q.fifo");
  const { engine } = queues;
  await engine.send(queue, [queues.grouped("a", "a1"), queues.grouped("b", "b1"), queues.grouped("a", "a2")]);
  const [a1] = await queues.receive(queue, { limit: 1 });
  assert.equal(a1?.body, "a1");
  assert.deepEqual(await queues.bodies(queue), ["b1"]);
  const waiting = queues.bodies(queue, { waitMs: Number.POSITIVE_INFINITY });
  assert.ok(a1);
  await queues.delete(queue, a1);
  assert.deepEqual(await waiting, ["a2"]);
});

test("what becomes visible again comes before what was behind it, also when later ones were deleted", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q.fifo");
  await queues.engine.send(
    queue,
    ["1", "2", "3", "4"].map((body) => queues.grouped("g", body)),
  );
  const [one, two, three] = await queues.receive(queue, { limit: 3 });
  assert.ok(one && two && three);
  await queues.delete(queue, two);
  await queues.engine.changeVisibility(queue, [{ ...queues.receipt(queue, one), timeoutMs: 0 }]);
  // The third is in flight still.
  assert.deepEqual(await queues.bodies(queue), []);
  queues.nowMs += 30_000;
  assert.deepEqual(await queues.bodies(queue), ["1", "3", "4"]);
});

test("what is sent again within five minutes is accepted and not kept twice, even after it was deleted or the region was killed", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q.fifo");
  const [first] = await queues.engine.send(queue, [queues.grouped("a", "one", "id")]);
  const [message] = await queues.receive(queue);
  assert.ok(message);
  await queues.delete(queue, message);
  await queues.reopen();
  const again = await queues.engine.send(queues.find("q.fifo"), [queues.grouped("b", "other", "id")]);
  assert.deepEqual(again, [first]);
  assert.deepEqual(await queues.bodies(queues.find("q.fifo")), []);
  queues.nowMs += FIVE_MINUTES_MS;
  await queues.engine.send(queues.find("q.fifo"), [queues.grouped("b", "other", "id")]);
  assert.deepEqual(await queues.bodies(queues.find("q.fifo")), ["other"]);
});

test("deduplication within groups leaves other groups alone", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q.fifo", { DeduplicationScope: "messageGroup" });
  const { engine } = queues;
  await engine.send(queue, [
    queues.grouped("a", "a", "id"),
    queues.grouped("b", "b", "id"),
    queues.grouped("a", "c", "id"),
  ]);
  assert.deepEqual(await queues.bodies(queue), ["a", "b"]);
});

test("an attempt to receive that is made again gets the same, until something has happened to it", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q.fifo");
  await queues.engine.send(queue, [queues.grouped("a", "1"), queues.grouped("a", "2"), queues.grouped("b", "3")]);
  const first = await queues.receive(queue, { attemptId: "x", limit: 2 });
  const again = await queues.receive(queue, { attemptId: "x", limit: 2 });
  assert.deepEqual(again, first);
  assert.ok(first[0]);
  await queues.delete(queue, first[0]);
  assert.deepEqual(await queues.bodies(queue, { attemptId: "x" }), ["3"]);
});

test("sequence numbers grow, and receipts end with the visibility timeout", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q.fifo");
  const sent = await queues.engine.send(queue, [queues.grouped("a", "1"), queues.grouped("a", "2")]);
  const [one = "", two = ""] = sent.map(({ sequenceNumber }) => sequenceNumber ?? "");
  assert.match(one, /^\d{20}$/);
  assert.ok(one < two);
  const [message] = await queues.receive(queue, { limit: 1 });
  queues.nowMs += 30_000;
  assert.ok(message);
  assert.deepEqual(await queues.delete(queue, message), [false]);
  assert.deepEqual(await queues.bodies(queue), ["1", "2"]);
});

test("a dead letter of a FIFO queue keeps its group, and no longer holds it up", async () => {
  await using queues = await TestQueues.open();
  const dead = await queues.create("dead.fifo");
  const redrive = { deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead.fifo", maxReceiveCount: 1 };
  const queue = await queues.create("q.fifo", { RedrivePolicy: JSON.stringify(redrive) });
  await queues.engine.send(queue, [queues.grouped("a", "1"), queues.grouped("a", "2")]);
  assert.deepEqual(await queues.bodies(queue, { limit: 1, visibilityMs: 0 }), ["1"]);
  assert.deepEqual(await queues.bodies(queue), ["2"]);
  const [letter] = await queues.receive(dead);
  assert.deepEqual([letter?.body, letter?.about.groupId], ["1", "a"]);
});
