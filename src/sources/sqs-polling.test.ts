import assert from "node:assert/strict";
import { test } from "node:test";
import { InvokeRefusal } from "../invocation/refusal.ts";
import { TestQueue } from "./test-queue.ts";

const FIFO = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
const throttled = () => new InvokeRefusal("TooManyRequestsException", "Rate Exceeded.");
const REPORTS = { reportsBatchItemFailures: true };

test("a batch is a Lambda event as AWS makes it, and is deleted when the function has done its work", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  queue.send({
    body: "one",
    attributes: { ApproximateReceiveCount: "1", AWSTraceHeader: "Root=1-2-3" },
    messageAttributes: {
      text: { dataType: "String", stringValue: "v" },
      bytes: { dataType: "Binary", binaryValue: "AP8=" },
    },
    md5OfMessageAttributes: "md5a",
  });
  const batch = await queue.batch(0);
  assert.deepEqual(batch.event, {
    Records: [
      {
        messageId: "m0",
        receiptHandle: "r-m0",
        body: "one",
        attributes: { ApproximateReceiveCount: "1", AWSTraceHeader: "Root=1-2-3" },
        messageAttributes: {
          text: { stringValue: "v", stringListValues: [], binaryListValues: [], dataType: "String" },
          bytes: { binaryValue: "AP8=", stringListValues: [], binaryListValues: [], dataType: "Binary" },
        },
        md5OfMessageAttributes: "md5a",
        md5OfBody: "md5",
        eventSource: "aws:sqs",
        eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:q",
        awsRegion: "us-east-1",
      },
    ],
  });
  assert.deepEqual(batch.traceIds, ["Root=1-2-3"]);
  assert.deepEqual(queue.deleted, []);
  batch.answer();
  await queue.until(() => queue.deleted.length > 0);
  queue.send("two");
  assert.equal((await queue.batch(1)).event.Records[0].md5OfMessageAttributes, null);
  queue.batches[1]?.answer();
  await polling.stop();
  await polling.finished();
  assert.deepEqual(queue.deleted, ["one", "two"]);
});

test("a batch that fails stays in the queue as it is", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  queue.send("a", "b");
  (await queue.batch(0)).fail();
  await polling.stop();
  await polling.finished();
  assert.deepEqual([queue.deleted, queue.changed], [[], []]);
});

test("of a batch whose function reports failures what it does not name is deleted", async () => {
  const cases: [answer: string, deleted: string[]][] = [
    ['{"batchItemFailures":[{"itemIdentifier":"m1"}]}', ["a", "c"]],
    ['{"batchItemFailures":[]}', ["a", "b", "c"]],
    ['{"batchItemFailures":null}', ["a", "b", "c"]],
    ["{}", ["a", "b", "c"]],
    ["null", ["a", "b", "c"]],
    ["", ["a", "b", "c"]],
    ['"done"', ["a", "b", "c"]],
    ["{no json", []],
    ['{"batchItemFailures":[{"itemIdentifier":""}]}', []],
    ['{"batchItemFailures":[{"itemIdentifier":null}]}', []],
    ['{"batchItemFailures":[{"badKey":"m1"}]}', []],
    ['{"batchItemFailures":[{"itemIdentifier":"unknown"}]}', []],
    ['{"batchItemFailures":[null]}', []],
    ['{"batchItemFailures":"m1"}', []],
  ];
  for (const [answer, deleted] of cases) {
    const queue = new TestQueue();
    const polling = queue.poll(REPORTS);
    queue.send("a", "b", "c");
    (await queue.batch(0)).answer(answer);
    await polling.stop();
    await polling.finished();
    assert.deepEqual(queue.deleted, deleted, answer);
  }
});

test("what a function that does not report returns says nothing", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  queue.send("a");
  (await queue.batch(0)).answer('{"batchItemFailures":[{"itemIdentifier":"m0"}]}');
  await polling.stop();
  await polling.finished();
  assert.deepEqual(queue.deleted, ["a"]);
});

test("at first five batches run at the same time, fewer when there may be fewer", async () => {
  for (const [settings, expected] of [
    [{ batchSize: 1 }, 5],
    [{ batchSize: 1, maximumConcurrency: 2 }, 2],
    [{ batchSize: 1, pollers: { minimum: 1, maximum: 1 } }, 10],
  ] as const) {
    const queue = new TestQueue();
    const polling = queue.poll(settings);
    queue.send(...Array.from({ length: 20 }, (_, index) => `${index}`));
    await queue.batch(expected - 1);
    await queue.settled();
    assert.equal(queue.batches.length, expected);
    for (const batch of queue.batches) batch.answer();
    await queue.until(() => queue.deleted.length === expected);
    await queue.batch(expected);
    const stopping = polling.stop();
    for (const batch of queue.batches) batch.answer();
    await stopping;
    for (const batch of queue.batches) batch.answer();
    await polling.finished();
  }
});

test("a window collects until the batch is full, and what is collected when polling ends is given back", async () => {
  const queue = new TestQueue();
  const polling = queue.poll({ batchSize: 12, maximumBatchingWindowSeconds: 300 });
  queue.send(...Array.from({ length: 7 }, (_, index) => `${index}`));
  await queue.settled();
  assert.equal(queue.batches.length, 0);
  queue.send(...Array.from({ length: 7 }, (_, index) => `${index + 7}`));
  const batch = await queue.batch(0);
  assert.equal(batch.bodies.length, 12);
  batch.answer();
  await queue.until(() => queue.deleted.length === 12);
  await queue.settled();
  await polling.stop();
  assert.deepEqual(queue.changed, [
    ["12", 0],
    ["13", 0],
  ]);
});

test("a batch that ends with its window is as large as what had come", async () => {
  const queue = new TestQueue();
  // The shortest there can be, were it not for whole seconds.
  const polling = queue.poll({ batchSize: 100, maximumBatchingWindowSeconds: 0.02 });
  queue.send("a", "b");
  const batch = await queue.batch(0);
  assert.deepEqual(batch.bodies, ["a", "b"]);
  batch.answer();
  await polling.stop();
});

test("what does not pass the filter is deleted, and never seen by the function", async () => {
  const queue = new TestQueue();
  const polling = queue.poll({ filters: ['{"body":{"kind":["good"]}}', '{"body":["plain"]}'] });
  queue.send('{"kind":"bad"}', '{"kind":"good"}', "plain", "other", '["plain"]');
  const batch = await queue.batch(0);
  assert.deepEqual(batch.bodies, ['{"kind":"good"}', "plain"]);
  assert.deepEqual(queue.deleted, ['{"kind":"bad"}', "other", '["plain"]']);
  batch.answer();
  await polling.stop();
});

test("more than an event may hold goes in several, one after the other", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  const large = "x".repeat(1024 * 1024);
  queue.send(...Array.from({ length: 7 }, () => large));
  const first = await queue.batch(0);
  assert.equal(first.bodies.length, 5);
  await queue.settled();
  assert.equal(queue.batches.length, 1);
  first.answer();
  const second = await queue.batch(1);
  assert.equal(second.bodies.length, 2);
  second.answer();
  await polling.stop();
  await polling.finished();
  assert.equal(queue.deleted.length, 7);
});

test("of a FIFO queue nothing that is behind a message that failed goes on", async () => {
  const queue = new TestQueue();
  const polling = queue.poll(REPORTS, FIFO);
  const message = (body: string, MessageGroupId: string) => ({ body, attributes: { MessageGroupId } });
  const large = "x".repeat(2 * 1024 * 1024);
  queue.send(
    message(`a1${large}`, "a"),
    message(`b1${large}`, "b"),
    message(`a2${large}`, "a"),
    message(`b2${large}`, "b"),
  );
  const first = await queue.batch(0);
  assert.deepEqual(
    first.bodies.map((body) => body.slice(0, 2)),
    ["a1", "b1"],
  );
  first.answer('{"batchItemFailures":[{"itemIdentifier":"m0"}]}');
  const second = await queue.batch(1);
  assert.deepEqual(
    second.bodies.map((body) => body.slice(0, 2)),
    ["b2"],
  );
  second.answer();
  await polling.stop();
  await polling.finished();
  assert.deepEqual(
    queue.deleted.map((body) => body.slice(0, 2)),
    ["b1", "b2"],
  );
});

test("a throttled batch is tried again later, for as long as nobody else can get it", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  queue.send("a");
  (await queue.batch(0)).refuse(throttled());
  (await queue.batch(1)).refuse(throttled());
  (await queue.batch(2)).answer();
  await queue.until(() => queue.deleted.length === 1);
  assert.ok(queue.pauses.includes(1000) && queue.pauses.includes(2000));
  queue.visibilityMs = 10_000;
  queue.send("b");
  // 1, 2: another 4 would be more than half of the time.
  for (const index of [3, 4, 5]) {
    const batch = await queue.batch(index);
    assert.deepEqual(batch.bodies, ["b"]);
    batch.refuse(throttled());
  }
  await queue.settled();
  await polling.stop();
  await polling.finished();
  assert.deepEqual([queue.deleted, queue.batches.length], [["a"], 6]);
});

test("a message in a recursive loop is left to the queue", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  queue.send("a");
  (await queue.batch(0)).refuse(new InvokeRefusal("RecursiveInvocationException", "loop"));
  await queue.settled();
  await polling.stop();
  await polling.finished();
  assert.deepEqual([queue.deleted, queue.batches.length], [[], 1]);
});

test("polling ends with its queue, and says so once", async () => {
  const queue = new TestQueue();
  const polling = queue.poll();
  queue.remove();
  await queue.settled();
  assert.equal(queue.wasGone, 1);
  await polling.stop();
});
