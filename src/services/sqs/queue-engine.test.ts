import assert from "node:assert/strict";
import { test } from "node:test";
import { TooManyInFlight } from "./queue-engine.ts";
import { TestQueues } from "./test-queues.ts";

const SECOND = 1000;

test("a message is received, invisible for a while, visible again, and gone when it was deleted", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q");
  await queues.send(queue, "one");
  const [first] = await queues.receive(queue);
  assert.deepEqual([first?.body, first?.receiveCount], ["one", 1]);
  assert.deepEqual(await queues.bodies(queue), []);
  queues.nowMs += 30 * SECOND;
  const [again] = await queues.receive(queue);
  assert.deepEqual([again?.body, again?.receiveCount, again?.firstReceivedMs], ["one", 2, first?.firstReceivedMs]);
  assert.ok(first && again);
  // The first receipt says nothing about what was received since.
  assert.deepEqual(await queues.delete(queue, first), [true]);
  assert.equal((await queues.engine.count(queue)).inFlight, 1);
  assert.deepEqual(await queues.delete(queue, again, again), [true, true]);
  assert.deepEqual(await queues.engine.count(queue), { ready: 0, inFlight: 0, delayed: 0 });
});

test("counts are exact, whatever time has done meanwhile, and after the region was killed", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q", { DelaySeconds: "5" });
  await queues.send(queue, "a", "b", "c");
  await queues.engine.send(queue, [queues.message("d", {}, 0)]);
  assert.deepEqual(await queues.engine.count(queue), { ready: 1, inFlight: 0, delayed: 3 });
  assert.deepEqual(await queues.bodies(queue), ["d"]);
  queues.nowMs += 5 * SECOND;
  assert.deepEqual(await queues.engine.count(queue), { ready: 3, inFlight: 1, delayed: 0 });
  assert.deepEqual(await queues.bodies(queue, { limit: 2, visibilityMs: 60_000 }), ["a", "b"]);
  await queues.reopen();
  assert.deepEqual(await queues.engine.count(queues.find("q")), { ready: 1, inFlight: 3, delayed: 0 });
  queues.nowMs += 25 * SECOND;
  assert.deepEqual(await queues.engine.count(queues.find("q")), { ready: 2, inFlight: 2, delayed: 0 });
});

test("whoever waits is served when something comes, first come first served", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q");
  const waitMs = Number.POSITIVE_INFINITY;
  const first = queues.bodies(queue, { waitMs, limit: 1 });
  const second = queues.bodies(queue, { waitMs, limit: 1 });
  await queues.send(queue, "one", "two", "three");
  assert.deepEqual(await Promise.all([first, second]), [["one"], ["two"]]);
  assert.deepEqual(await queues.bodies(queue), ["three"]);
});

test("whoever waits is served when a delay or a visibility timeout ends", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q");
  await queues.engine.send(queue, [queues.message("late", {}, 15)]);
  const waiting = queues.bodies(queue, { waitMs: Number.POSITIVE_INFINITY, visibilityMs: 5 });
  queues.nowMs += 15;
  assert.deepEqual(await waiting, ["late"]);
  const again = queues.bodies(queue, { waitMs: Number.POSITIVE_INFINITY });
  queues.nowMs += 5;
  assert.deepEqual(await again, ["late"]);
});

test("whoever waits gets nothing when the time is up, when he leaves, when the queue goes, and when the region ends", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q");
  assert.deepEqual(await queues.bodies(queue, { waitMs: 1 }), []);
  const leaving = new AbortController();
  const left = queues.bodies(queue, { waitMs: 1e9, signal: leaving.signal });
  leaving.abort();
  assert.deepEqual(await left, []);
  const other = await queues.create("other");
  const orphan = queues.bodies(other, { waitMs: 1e9 });
  await queues.engine.remove(other);
  assert.deepEqual(await orphan, []);
  const last = queues.bodies(queue, { waitMs: 1e9 });
  queues.engine.stop();
  assert.deepEqual(await last, []);
  await queues.send(queue, "kept");
  assert.deepEqual(await queues.engine.count(queue), { ready: 1, inFlight: 0, delayed: 0 });
});

test("what was received too often goes to the dead letters, and says where it came from", async () => {
  await using queues = await TestQueues.open();
  const dead = await queues.create("dead");
  const redrive = { deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead", maxReceiveCount: 2 };
  const queue = await queues.create("q", { RedrivePolicy: JSON.stringify(redrive) });
  await queues.send(queue, "poison");
  const waiting = queues.receive(dead, { waitMs: Number.POSITIVE_INFINITY });
  for (const expected of [["poison"], ["poison"], []]) {
    assert.deepEqual(await queues.bodies(queue, { visibilityMs: 0 }), expected);
  }
  const [letter] = await waiting;
  assert.equal(letter?.about.deadLetterSourceArn, "arn:aws:sqs:us-east-1:000000000000:q");
  assert.equal(letter?.about.messageId, "m0");
  assert.deepEqual(await queues.engine.count(queue), { ready: 0, inFlight: 0, delayed: 0 });
  assert.deepEqual(await queues.engine.count(dead), { ready: 0, inFlight: 1, delayed: 0 });
});

test("messages are kept for as long as their queue says, in flight or not", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q", { MessageRetentionPeriod: "60" });
  await queues.send(queue, "old", "held");
  assert.deepEqual(await queues.bodies(queue, { limit: 1, visibilityMs: 3_600_000 }), ["old"]);
  queues.nowMs += 59 * SECOND;
  await queues.send(queue, "young");
  assert.deepEqual(await queues.engine.count(queue), { ready: 2, inFlight: 1, delayed: 0 });
  queues.nowMs += SECOND;
  assert.deepEqual(await queues.bodies(queue), ["young"]);
  assert.deepEqual(await queues.engine.count(queue), { ready: 0, inFlight: 1, delayed: 0 });
});

test("a purged queue is empty, and takes what comes afterwards; a removed one leaves nothing", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q");
  await queues.send(queue, ...Array.from({ length: 2500 }, (_, index) => `${index}`));
  assert.equal((await queues.receive(queue)).length, 10);
  await queues.engine.purge(queue);
  await queues.send(queue, "new");
  assert.deepEqual(await queues.engine.count(queue), { ready: 1, inFlight: 0, delayed: 0 });
  assert.deepEqual(await queues.bodies(queue), ["new"]);
  await queues.engine.remove(queue);
  await queues.reopen();
  assert.equal(queues.engine.book.find("q"), undefined);
  assert.deepEqual(await queues.engine.run((sql) => sql.get("select count(*) as n from messages")?.n), 0);
});

test("of a standard queue no more messages are in flight than the limit, and that is told", async () => {
  await using queues = await TestQueues.open(3);
  const queue = await queues.create("q");
  await queues.send(queue, "1", "2", "3", "4");
  assert.deepEqual(await queues.bodies(queue), ["1", "2", "3"]);
  await assert.rejects(queues.receive(queue), TooManyInFlight);
  queues.nowMs += 30 * SECOND;
  assert.deepEqual(await queues.bodies(queue, { limit: 1 }), ["1"]);
});

test("a visibility timeout is changed only of what is in flight, and never beyond twelve hours in all", async () => {
  await using queues = await TestQueues.open();
  const queue = await queues.create("q");
  await queues.send(queue, "one");
  const [message] = await queues.receive(queue);
  assert.ok(message);
  const receipt = queues.receipt(queue, message);
  const change = async (timeoutMs: number) =>
    (await queues.engine.changeVisibility(queue, [{ ...receipt, timeoutMs }]))[0];
  queues.nowMs += 10 * SECOND;
  assert.equal(await change(12 * 3_600_000), "too-long");
  assert.equal(await change(60 * SECOND), "done");
  queues.nowMs += 59 * SECOND;
  assert.deepEqual(await queues.bodies(queue), []);
  assert.equal(await change(0), "done");
  assert.equal(await change(5), "not-in-flight");
  assert.deepEqual(await queues.bodies(queue), ["one"]);
  assert.equal(await change(5), "gone");
});
