/** Functions that work on queues which another SQS keeps: fauxqs, which is not ours, behind `--external-endpoints`. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { counts, createQueue, receive, refused, sqsClient } from "../api/sqs/sqs.ts";
import { TestRegion } from "../test-region.ts";
import { deployRecorder, Recorder } from "./async-fixture.ts";

/** Whose queues these are, by their ARNs: not this region's. */
const ELSEWHERE = "arn:aws:sqs:us-east-1:111122223333:";

describe("queues of another SQS", () => {
  let other: FauxqsServer;
  let sqs: SQSClient;
  let region: TestRegion;
  before(async () => {
    other = await startFauxqs({ port: 0, logger: false, host: "127.0.0.1" });
    const url = `http://127.0.0.1:${other.port}`;
    sqs = sqsClient({ url });
    region = await TestRegion.start("process", {
      ALONZO_EXTERNAL_ENDPOINTS: `sqs=${url}`,
      AWS_ACCESS_KEY_ID: "elsewhere",
      AWS_SECRET_ACCESS_KEY: "secret",
    });
  });
  after(async () => {
    await region.stop();
    await other.stop();
  });

  const map = (name: string, FunctionName: string, more: object = {}) =>
    region.lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: ELSEWHERE + name, ...more }),
    );

  test("their messages are worked on; what fails ends where their redrive policy says", async () => {
    const recorder = new Recorder(region, "external");
    const worker = await deployRecorder(
      region,
      recorder,
      `return { batchItemFailures: event.Records.filter(({ body }) => body === "bad")
        .map(({ messageId }) => ({ itemIdentifier: messageId })) };`,
      { Timeout: 1 },
    );
    const dead = await createQueue(sqs, "dead");
    const { queueArn } = other.createQueue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: 1 });
    const url = await createQueue(sqs, "work", { VisibilityTimeout: "1", RedrivePolicy });
    const { UUID } = await map("work", worker, { FunctionResponseTypes: ["ReportBatchItemFailures"] });
    const Entries = ["good", "bad"].map((MessageBody) => ({
      Id: MessageBody,
      MessageBody,
      MessageAttributes: { kind: { DataType: "String", StringValue: MessageBody } },
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    const letters = await receive(sqs, dead, { WaitTimeSeconds: 20 });
    assert.deepEqual(
      letters.map(({ Body }) => Body),
      ["bad"],
    );
    while ((await counts(sqs, url)).some((count) => count > 0));
    const records = recorder.notes.flatMap(({ event }) => event.Records);
    assert.deepEqual(records.map(({ body }) => body).toSorted(), ["bad", "good"]);
    const good = records.find(({ body }) => body === "good");
    assert.equal(good.eventSourceARN, `${ELSEWHERE}work`);
    assert.equal(good.awsRegion, "us-east-1");
    assert.equal(good.messageAttributes.kind.stringValue, "good");
    const { State } = await region.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    assert.equal(State, "Enabled");
  });

  test("what they do not have cannot be mapped", async () => {
    const worker = await deployRecorder(region, new Recorder(region, "none"));
    await refused(
      map("missing", worker),
      "InvalidParameterValueException",
      /AWS\.SimpleQueueService\.NonExistentQueue/,
    );
  });
});
