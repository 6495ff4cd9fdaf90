import assert from "node:assert/strict";
import { test } from "node:test";
import { isServed, universalMessages, universalOperation } from "./universal-target.ts";

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const sent = (operation: string, input: unknown) => universalMessages(operation, JSON.stringify(input), PLACE);

test("the ARN of a universal target names a service and an operation", () => {
  assert.equal(universalOperation("arn:aws:scheduler:::aws-sdk:sqs:sendMessage"), "sqs:sendMessage");
  assert.equal(universalOperation("arn:aws:lambda:us-east-1:000000000000:function:f"), undefined);
  assert.ok(isServed("events:putEvents"));
  assert.ok(!isServed("ec2:stopInstances"));
});

test("calls become messages to what they name", () => {
  assert.deepEqual(sent("lambda:invoke", { FunctionName: "f", Qualifier: "live", Payload: '{"n":1}' }), [
    { arn: "arn:aws:lambda:us-east-1:000000000000:function:f:live", body: '{"n":1}' },
  ]);
  assert.deepEqual(
    sent("sqs:sendMessage", {
      QueueUrl: "http://localhost:4566/000000000000/q.fifo",
      MessageBody: "hello",
      MessageGroupId: "g",
      MessageAttributes: { kind: { DataType: "String", StringValue: "x" } },
    }),
    [
      {
        arn: "arn:aws:sqs:us-east-1:000000000000:q.fifo",
        body: "hello",
        extras: { messageGroupId: "g", attributes: { kind: { type: "String", value: "x" } } },
      },
    ],
  );
  const [published] = sent("sns:publish", { TopicArn: "arn:t", Message: "m", Subject: "s" });
  assert.deepEqual(published, { arn: "arn:t", body: "m", extras: { subject: "s" } });
  const entry = { Source: "s", DetailType: "d", Detail: '{"a":1.0}', EventBusName: "b" };
  assert.deepEqual(sent("eventbridge:putEvents", { Entries: [entry] }), [
    {
      arn: "arn:aws:events:us-east-1:000000000000:event-bus/b",
      body: '{"source":"s","detail-type":"d","resources":[],"detail":{"a":1.0}}',
    },
  ]);
});

test("parameters that are missing are told", () => {
  assert.throws(() => sent("sqs:sendMessage", { MessageBody: "x", QueueUrl: 5 }), /QueueUrl is missing/);
  assert.throws(() => sent("lambda:invoke", {}), /FunctionName is missing/);
  assert.throws(() => sent("events:putEvents", {}), /Entries is missing/);
});
