import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../execution/outcome.ts";
import { ok, QUEUE_ARN, refused, TestEvents } from "./test-events.ts";

test("a function that hangs delays no other, and holds no more events than its share", async () => {
  await using events = await TestEvents.start();
  const { promise: hanging, resolve: release } = Promise.withResolvers<Outcome>();
  events.functions.set("stuck", () => hanging);
  events.functions.set("quick", () => ok());
  await Promise.all(Array.from({ length: 50 }, () => events.send("stuck")));
  await events.until(() => events.invoked.length === 10);
  await Promise.all(Array.from({ length: 50 }, () => events.send("quick")));
  await events.until(() => events.asynchronous.counters.succeeded === 50);
  assert.equal(events.invoked.filter(({ functionName }) => functionName === "stuck").length, 10);
  release(ok());
  await events.until(() => events.asynchronous.counters.succeeded === 100);
});

test("however many functions hang, another still has its turn", { timeout: 20_000 }, async () => {
  await using events = await TestEvents.start();
  const { promise: hanging, resolve: release } = Promise.withResolvers<Outcome>();
  const names = Array.from({ length: 50 }, (_, n) => `stuck-${n}`);
  for (const name of names) {
    events.functions.set(name, () => hanging);
    await Promise.all(Array.from({ length: 12 }, () => events.send(name)));
  }
  await events.until(() => events.invoked.length === 500);
  events.functions.set("quick", () => ok());
  await Promise.all(Array.from({ length: 5 }, () => events.send("quick")));
  await events.until(() => events.asynchronous.counters.succeeded === 5);
  release(ok());
  await events.quiet();
});

test("functions take turns, however long their queues are", async () => {
  await using events = await TestEvents.start();
  for (const name of ["a", "b", "c"]) events.functions.set(name, () => ok());
  const queued = ["a", "b", "c"].flatMap((name) => Array.from({ length: name === "a" ? 300 : 20 }, () => name));
  await Promise.all(queued.map((name) => events.send(name)));
  await events.until(() => events.asynchronous.counters.succeeded === queued.length);
  const order = events.invoked.map(({ functionName }) => functionName);
  for (const name of ["b", "c"]) {
    assert.ok(order.lastIndexOf(name) < order.lastIndexOf("a"), `${name} does not wait for all of a`);
  }
});

test("a throttled function asks once in a while, not with its whole queue", async () => {
  await using events = await TestEvents.start();
  let isThrottled = true;
  events.functions.set("f", () => {
    if (isThrottled) throw refused("TooManyRequestsException");
    return ok();
  });
  await Promise.all(Array.from({ length: 200 }, () => events.send("f")));
  await events.quiet();
  const first = events.invoked.length;
  assert.ok(first <= 10, `${first} tries at first`);
  for (let second = 0; second < 10; second++) {
    events.advance(1000);
    await events.quiet();
  }
  assert.ok(events.invoked.length - first <= 10, `${events.invoked.length - first} tries in ten seconds`);
  isThrottled = false;
  for (let minute = 0; minute < 10; minute++) {
    events.advance(60_000);
    await events.quiet();
  }
  assert.equal(events.asynchronous.counters.succeeded, 200);
});

test("payloads that do not run are not in memory: large ones run few at a time", async () => {
  await using events = await TestEvents.start();
  const large = JSON.stringify("x".repeat(1_048_000));
  const { promise: hanging, resolve: release } = Promise.withResolvers<Outcome>();
  for (let n = 0; n < 8; n++) events.functions.set(`f${n}`, () => hanging);
  for (let n = 0; n < 160; n++) await events.send(`f${n % 8}`, large);
  await events.until(() => events.invoked.length >= 32);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  // 64 MB, and what was being claimed when that was reached.
  assert.ok(events.invoked.length < 100, `${events.invoked.length} payloads of 1 MB at a time`);
  release(ok());
});

test("a function that may run two at a time runs two at a time, however many wait", async () => {
  await using events = await TestEvents.start();
  const running: (() => void)[] = [];
  let refusals = 0;
  events.functions.set("f", () => {
    if (running.length >= 2) {
      refusals += 1;
      throw refused("TooManyRequestsException");
    }
    return new Promise<Outcome>((resolve) => running.push(() => resolve(ok())));
  });
  await Promise.all(Array.from({ length: 40 }, () => events.send("f")));
  await events.until(() => running.length === 2 && refusals === 8);
  for (let done = 0; done < 30; done++) {
    running.shift()?.();
    await events.until(() => running.length === 2);
  }
  // What was refused waits its second; the others had their turn without being refused.
  assert.equal(refusals, 8);
  assert.equal(events.asynchronous.counters.succeeded, 30);
  for (const finish of running.splice(0)) finish();
  events.functions.set("f", () => ok());
  await events.quiet();
  events.advance(10_000);
  await events.quiet();
  assert.equal(events.asynchronous.counters.succeeded, 40);
});

test("what runs while the clock jumps past its lease is not run once more beside it", async () => {
  await using events = await TestEvents.start();
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof ok>>();
  events.functions.set("f", () => promise);
  await events.send("f");
  await events.until(() => events.invoked.length === 1);
  events.advance(2 * 3_600_000);
  await events.until(() => (events.queue.lanes().get("event:f") ?? 0) > events.nowMs);
  await new Promise(setImmediate);
  assert.equal(events.invoked.length, 1);
  resolve(ok());
  await events.quiet();
  assert.deepEqual(await events.queue.list({}, { limit: 1 }), []);
});

test("a full queue throttles its callers, and what follows from accepted events still goes in", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  events.configs.set("f:$LATEST", { onSuccess: QUEUE_ARN, lastModifiedMs: 0 });
  await events.send("f");
  events.queue.hasRoom = () => false;
  await assert.rejects(events.send("f"), { code: "TooManyRequestsException" });
  await events.quiet();
  assert.deepEqual([events.delivered.length, events.asynchronous.counters.received], [1, 1]);
});
