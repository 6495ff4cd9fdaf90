/** How often events run, when, and what ends them: the whole room with a clock that the test moves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failed, ok, QUEUE_ARN, refused, TestEvents, TRACE } from "./test-events.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test("an event runs once with everything that it came with, and is gone", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  const requestId = await events.send("f", '{"a" :  1e400}', "live");
  await events.quiet();
  const [request, ...others] = events.invoked;
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...request, invocation: { ...request?.invocation, payload: request?.invocation.payload.toString() } },
    {
      functionName: "f",
      qualifier: "live",
      wantsLogTail: false,
      isQueued: true,
      invocation: {
        requestId,
        payload: '{"a" :  1e400}',
        invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f:live",
        traceId: TRACE,
      },
    },
  );
  assert.equal(await events.queue.find(requestId), undefined);
  assert.equal(events.asynchronous.counters.succeeded, 1);
});

test("an event for a function that does not exist is refused and not kept", async () => {
  await using events = await TestEvents.start();
  await assert.rejects(events.send("nobody"), /Function not found/);
  assert.deepEqual(await events.queue.list({}, { limit: 1 }), []);
});

test("a function that fails is tried again after one minute and after two more, with the same request id", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed());
  const requestId = await events.send("f");
  for (const [waitMs, runs] of [
    [0, 1],
    [MINUTE_MS - 1, 1],
    [1, 2],
    [2 * MINUTE_MS - 1, 2],
    [1, 3],
    [HOUR_MS, 3],
  ] as const) {
    events.advance(waitMs);
    await events.quiet();
    assert.equal(events.invoked.length, runs);
  }
  assert.deepEqual([...new Set(events.invoked.map(({ invocation }) => invocation.requestId))], [requestId]);
  const { buriedMs, about } = (await events.queue.find(requestId)) ?? {};
  assert.ok(buriedMs !== undefined);
  assert.match(about ?? "", /"condition":"RetriesExhausted","errorCode":200,"errorMessage":"no"/);
  assert.equal(events.asynchronous.counters.dropped, 1);
});

test("retries that are due at once run at once", async () => {
  await using events = await TestEvents.start([0, 0]);
  events.functions.set("f", () => failed());
  await Promise.all(Array.from({ length: 30 }, () => events.send("f")));
  await events.quiet();
  assert.equal(events.invoked.length, 90);
  assert.equal(events.asynchronous.counters.dropped, 30);
});

test("MaximumRetryAttempts counts the retries", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed());
  events.configs.set("f:$LATEST", { maximumRetryAttempts: 0, lastModifiedMs: 0 });
  events.configs.set("f:live", { maximumRetryAttempts: 1, lastModifiedMs: 0 });
  await events.send("f");
  await events.send("f", "1", "live");
  await events.quiet();
  events.advance(HOUR_MS);
  await events.quiet();
  const qualifiers = events.invoked.map(({ qualifier }) => qualifier).sort();
  assert.deepEqual(qualifiers, ["live", "live", undefined]);
});

test("an event that is older than MaximumEventAgeInSeconds is given up, at that time and not at its next retry", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed());
  events.configs.set("f:$LATEST", { maximumEventAgeSeconds: 90, lastModifiedMs: 0 });
  const requestId = await events.send("f");
  await events.quiet();
  events.advance(MINUTE_MS);
  await events.quiet();
  assert.equal(events.invoked.length, 2);
  events.advance(30_000);
  await events.quiet();
  assert.equal(events.invoked.length, 2);
  assert.match((await events.queue.find(requestId))?.about ?? "", /"condition":"EventAgeExceeded"/);
});

test("throttling and faults of ours use no attempts: tried again after 1 s, 2 s, ... up to 5 minutes, until it runs", async () => {
  await using events = await TestEvents.start();
  const throttled = refused("TooManyRequestsException");
  const causes = [throttled, refused("ResourceConflictException", "Pending"), new Error("ours")];
  let tries = 0;
  events.functions.set("f", () => {
    const cause = causes[tries++ % 3];
    if (tries <= 12 && cause) throw cause;
    return ok();
  });
  await events.send("f");
  await events.quiet();
  for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]) {
    const before = events.invoked.length;
    events.advance(seconds * 1000 - 1);
    await events.quiet();
    assert.equal(events.invoked.length, before, `not before ${seconds} s`);
    events.advance(1);
    await events.quiet();
    assert.equal(events.invoked.length, before + 1, `after ${seconds} s`);
  }
  assert.equal(events.asynchronous.counters.succeeded, 1);
  assert.equal(events.asynchronous.counters.refused, 12);
});

test("an event that was throttled for six hours is given up without an answer", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => {
    throw refused("TooManyRequestsException");
  });
  const requestId = await events.send("f");
  await events.quiet();
  events.advance(6 * HOUR_MS - 1);
  await events.quiet();
  assert.equal((await events.queue.find(requestId))?.buriedMs, undefined);
  events.advance(1000);
  await events.quiet();
  const { about, answer } = (await events.queue.find(requestId)) ?? {};
  assert.match(about ?? "", /"attempts":0,.*"condition":"EventAgeExceeded"/);
  assert.match(about ?? "", /"errorCode":429,"errorMessage":"Rate Exceeded."/);
  assert.equal(answer, undefined);
});

test("events of a function with a reserved concurrency of 0 are given up without a try", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  events.switchedOff.add("f");
  const requestId = await events.send("f");
  await events.quiet();
  assert.equal(events.invoked.length, 0);
  assert.match((await events.queue.find(requestId))?.about ?? "", /"condition":"ZeroReservedConcurrency"/);
});

test("an event that would go on in a loop is given up", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => {
    throw refused("RecursiveInvocationException", "a loop");
  });
  const requestId = await events.send("f");
  await events.quiet();
  assert.match((await events.queue.find(requestId))?.about ?? "", /"condition":"RecursiveInvocation","errorCode":400/);
  assert.deepEqual([events.asynchronous.counters.recursive, events.asynchronous.counters.dropped], [1, 1]);
});

test("events of a deleted function vanish: those that wait, those that run, those that were given up", async () => {
  await using events = await TestEvents.start();
  const running = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof ok>>();
  events.functions.set("f", ({ invocation }) => {
    if (invocation.requestId === "request-1") return failed();
    running.resolve();
    return promise;
  });
  events.configs.set("f:$LATEST", { maximumRetryAttempts: 0, onSuccess: "arn:aws:sqs:::x", lastModifiedMs: 0 });
  events.functions.set("other", () => failed());
  await events.send("f");
  await events.quiet();
  await events.send("f");
  await running.promise;
  const other = await events.send("other");
  events.delete("f");
  resolve(ok());
  await events.quiet();
  assert.deepEqual(events.delivered, []);
  assert.deepEqual(
    (await events.queue.list({}, { limit: 10 })).map(({ key }) => key),
    [other],
  );
});

test("an event whose alias is gone is given up while its function lives", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  const requestId = await events.send("f", "1", "live");
  events.functions.set("f", () => {
    throw refused("ResourceNotFoundException", "Function not found: f:live");
  });
  await events.quiet();
  assert.match((await events.queue.find(requestId))?.about ?? "", /"errorCode":404/);
});

test("a function created anew takes nothing over from the one that had its name", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed());
  events.creationIds.set("f", "first");
  events.deadLetterArns.set("f", QUEUE_ARN);
  await events.send("f");
  await events.quiet();
  // The region dies between the deletion and what follows from it.
  events.crash();
  events.creationIds.set("f", "second");
  events.functions.set("f", () => ok());
  await events.open();
  const own = await events.send("f");
  events.advance(60_000);
  await events.quiet();
  assert.deepEqual(
    events.invoked.map(({ creationId, invocation }) => [creationId, invocation.requestId]),
    [
      ["first", "request-1"],
      ["second", own],
    ],
  );
  assert.deepEqual([events.delivered, await events.queue.list({}, { limit: 10 })], [[], []]);
});

test("deleting a function takes none of the events of the next one of its name", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  events.delete("f");
  // In the same turn: nothing has been written yet.
  events.functions.set("f", () => ok());
  const own = await events.send("f");
  await events.until(() => events.invoked.length === 1);
  assert.equal(events.invoked[0]?.invocation.requestId, own);
});

test("an event whose alias is gone goes to the dead-letter queue of the function", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  events.deadLetterArns.set("f", QUEUE_ARN);
  const requestId = await events.send("f", "1", "live");
  events.goneAliases.add("f:live");
  events.functions.set("f", () => {
    throw refused("ResourceNotFoundException", "Function not found: f:live");
  });
  await events.quiet();
  assert.deepEqual(
    events.delivered.map(({ arn, attributes }) => [arn, attributes?.RequestID?.value]),
    [[QUEUE_ARN, requestId]],
  );
});

test("what was accepted before a crash runs after it, what was running once more", async () => {
  await using events = await TestEvents.start();
  const running = Promise.withResolvers<void>();
  events.functions.set("f", () => {
    running.resolve();
    return new Promise(() => {});
  });
  await events.send("f");
  await running.promise;
  events.crash();
  events.functions.set("f", () => ok());
  await events.open();
  await events.quiet();
  assert.equal(events.invoked.length, 2);
  assert.deepEqual(await events.queue.list({}, { limit: 1 }), []);
});
