import assert from "node:assert/strict";
import { test } from "node:test";
import { TargetRefusal } from "../targets.ts";
import { deadLetterAttributes, errorMessageOf } from "./destination-record.ts";
import { eventOf } from "./queued-event.ts";
import { ARN, failed, ok, QUEUE_ARN, refused, TestEvents } from "./test-events.ts";

const MINUTE_MS = 60_000;

test("a success is told with what came in and what came out, byte for byte", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok('{"big": 1e400}'));
  events.configs.set("f:live", { onSuccess: QUEUE_ARN, onFailure: `${QUEUE_ARN}-other`, lastModifiedMs: 0 });
  await events.send("f", '{"n":  1.0}', "live");
  await events.quiet();
  const [{ arn, message, attributes, traceId, sender } = assert.fail(), ...others] = events.delivered;
  assert.deepEqual(others, []);
  assert.equal(arn, QUEUE_ARN);
  assert.equal(
    message,
    `{"version":"1.0","timestamp":"2023-11-14T22:13:20.000Z","requestContext":{"requestId":"request-1","functionArn":"${ARN}f:live","condition":"Success","approximateInvokeCount":1},"requestPayload":{"n":  1.0},"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":{"big": 1e400}}`,
  );
  assert.deepEqual(attributes, {});
  const accountId = "000000000000";
  assert.deepEqual(sender, { principal: "lambda.amazonaws.com", arn: `${ARN}f:live`, accountId, usesRole: true });
  assert.match(traceId, /^Root=1-67000000-.*;Lineage=[0-9a-f]{8}:1$/);
});

test("a failure is told when all retries are used up, with the last answer", async () => {
  await using events = await TestEvents.start();
  let runs = 0;
  events.functions.set("f", () => failed(`{"errorMessage":"no ${++runs}"}`));
  events.configs.set("f:$LATEST", { onFailure: QUEUE_ARN, lastModifiedMs: 0 });
  await events.send("f");
  for (const minutes of [0, 1, 2]) {
    events.advance(minutes * MINUTE_MS);
    assert.equal(events.delivered.length, 0);
    await events.quiet();
  }
  assert.deepEqual(JSON.parse(events.delivered[0]?.message ?? ""), {
    version: "1.0",
    timestamp: "2023-11-14T22:16:20.000Z",
    requestContext: {
      requestId: "request-1",
      functionArn: `${ARN}f:$LATEST`,
      condition: "RetriesExhausted",
      approximateInvokeCount: 3,
    },
    requestPayload: { n: 1 },
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: { errorMessage: "no 3" },
  });
});

test("what grew too old between attempts is told with the last answer, what never ran without one", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed());
  events.functions.set("g", () => {
    throw refused("TooManyRequestsException");
  });
  events.functions.set("h", () => ok());
  events.switchedOff.add("h");
  for (const name of ["f", "g", "h"]) {
    events.configs.set(`${name}:$LATEST`, { maximumEventAgeSeconds: 60, onFailure: QUEUE_ARN, lastModifiedMs: 0 });
    await events.send(name);
  }
  await events.quiet();
  events.advance(MINUTE_MS);
  await events.quiet();
  const records = events.delivered.map(({ message }) => JSON.parse(message));
  const told = Object.fromEntries(
    records.map(({ requestContext, responseContext, responsePayload }) => [
      requestContext.functionArn.split(":")[6],
      [requestContext.condition, requestContext.approximateInvokeCount, responseContext, responsePayload],
    ]),
  );
  assert.deepEqual(told, {
    f: [
      "EventAgeExceeded",
      1,
      { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      { errorMessage: "no", errorType: "Error" },
    ],
    g: ["EventAgeExceeded", 0, undefined, undefined],
    h: ["ZeroReservedConcurrency", 0, undefined, undefined],
  });
});

test("a dead-letter queue gets the event unchanged, with its three attributes, beside the failure's destination", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed('{"errorMessage":"broken","errorType":"Error"}'));
  events.configs.set("f:$LATEST", { maximumRetryAttempts: 0, onFailure: `${QUEUE_ARN}-other`, lastModifiedMs: 0 });
  events.deadLetterArns.set("f", QUEUE_ARN);
  await events.send("f", '{"n":  1}');
  await events.quiet();
  assert.equal(events.delivered.length, 2);
  const letter = events.delivered.find(({ arn }) => arn === QUEUE_ARN);
  assert.equal(letter?.message, '{"n":  1}');
  assert.deepEqual(letter?.attributes, {
    RequestID: { type: "String", value: "request-1" },
    ErrorCode: { type: "Number", value: "200" },
    ErrorMessage: { type: "String", value: "broken" },
  });
});

test("the error message of a dead letter is its first 1 KB, in whole characters", () => {
  const { ErrorMessage } = deadLetterAttributes("id", 429, `${"x".repeat(1023)}é`);
  assert.equal(ErrorMessage?.value, "x".repeat(1023));
  assert.equal(deadLetterAttributes("id", 429, "é".repeat(512)).ErrorMessage?.value, "é".repeat(512));
  assert.equal(errorMessageOf(Buffer.from("plain")), "plain");
  assert.equal(errorMessageOf(Buffer.from('{"errorMessage":"told"}')), "told");
});

test("an answer that is no JSON is told as text, none as null", async () => {
  await using events = await TestEvents.start();
  const answers = ["plain", ""];
  events.functions.set("f", () => ok(answers.shift()));
  events.configs.set("f:$LATEST", { onSuccess: QUEUE_ARN, lastModifiedMs: 0 });
  await events.send("f");
  await events.quiet();
  await events.send("f");
  await events.quiet();
  const payloads = events.delivered.map(({ message }) => JSON.parse(message).responsePayload);
  assert.deepEqual(payloads, ["plain", null]);
});

test("a function as destination is invoked asynchronously with the record, in the chain of the one before", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok("7"));
  events.functions.set("next", () => ok());
  events.configs.set("f:$LATEST", { onSuccess: `${ARN}next:live`, lastModifiedMs: 0 });
  await events.send("f");
  await events.quiet();
  const [, second] = events.invoked;
  assert.deepEqual([second?.functionName, second?.qualifier], ["next", "live"]);
  assert.equal(JSON.parse(second?.invocation.payload.toString() ?? "").responsePayload, 7);
  assert.equal(second?.invocation.invokedFunctionArn, `${ARN}next:live`);
  assert.match(second?.invocation.traceId ?? "", /Lineage=[0-9a-f]{8}:1$/);
});

test("a delivery is tried again until the target takes it, and survives a crash", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  events.configs.set("f:$LATEST", { onSuccess: QUEUE_ARN, lastModifiedMs: 0 });
  let tries = 0;
  events.receive = async () => {
    tries += 1;
    throw new Error("out of order");
  };
  await events.send("f");
  await events.quiet();
  events.advance(1000);
  await events.quiet();
  assert.equal(tries, 2);
  await events.asynchronous.close();
  events.crash();
  events.receive = async () => {};
  await events.open();
  events.advance(2000);
  await events.quiet();
  assert.deepEqual([events.delivered.length, events.invoked.length], [1, 1]);
  assert.deepEqual(await events.queue.list({}, { limit: 1 }), []);
});

test("what a target refuses for good, or no part of the region serves, is logged and counted", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => failed());
  const onFailure = "arn:aws:sns:us-east-1:000000000000:topic";
  events.configs.set("f:$LATEST", { maximumRetryAttempts: 0, onFailure, lastModifiedMs: 0 });
  events.deadLetterArns.set("f", QUEUE_ARN);
  events.receive = async () => {
    throw new TargetRefusal("no such queue");
  };
  await events.send("f");
  await events.quiet();
  const { counters } = events.asynchronous;
  assert.deepEqual([counters.destinationDeliveryFailures, counters.deadLetterErrors, counters.delivered], [1, 1, 0]);
  assert.deepEqual(events.logged, ["a delivery failed", "a delivery failed"]);
  assert.equal(eventOf((await events.queue.find("request-1"))?.about ?? "{}").condition, "RetriesExhausted");
});

test("a record that is larger than an event may be fails as a delivery, as does one to another region", async () => {
  await using events = await TestEvents.start();
  events.functions.set("f", () => ok());
  events.functions.set("next", () => ok());
  const elsewhere = `${ARN}next`.replace("us-east-1", "eu-west-1");
  for (const [payload, onSuccess] of [
    [JSON.stringify("x".repeat(1_048_500)), `${ARN}next`],
    ["1", elsewhere],
    ["1", `${ARN}nobody`],
  ] as const) {
    events.configs.set("f:$LATEST", { onSuccess, lastModifiedMs: 0 });
    events.change("f");
    await events.send("f", payload);
    await events.quiet();
  }
  assert.equal(events.asynchronous.counters.destinationDeliveryFailures, 3);
  assert.equal(events.invoked.length, 3);
});
