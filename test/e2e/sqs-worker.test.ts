/** Functions that work on queues, through the AWS SDK: partial failures, dead letters, order, filters, and what changes meanwhile. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  InvokeCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { DeleteQueueCommand, SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { counts, createQueue, QUEUE_ARN, receive, refused, sqsClient } from "../api/sqs/sqs.ts";
import { TestRegion } from "../test-region.ts";
import { deployRecorder, Recorder } from "./async-fixture.ts";

const SHORT = { Timeout: 1 };

describe("functions that work on queues", () => {
  let region: TestRegion;
  let sqs: SQSClient;
  before(async () => {
    region = await TestRegion.start("process", { ALONZO_ASYNC_RETRY_DELAYS: "0,0" });
    sqs = sqsClient(region);
  });
  after(() => region.stop());

  const state = (UUID: string | undefined) => region.lambda.send(new GetEventSourceMappingCommand({ UUID }));

  async function settled(UUID: string | undefined): Promise<EventSourceMappingConfiguration> {
    for (;;) {
      const mapping = await state(UUID);
      if (mapping.State === "Enabled" || mapping.State === "Disabled") return mapping;
    }
  }

  const create = (queue: string, FunctionName: string, more: Partial<CreateEventSourceMappingCommandInput> = {}) =>
    region.lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: QUEUE_ARN + queue, ...more }),
    );

  async function map(...input: Parameters<typeof create>): Promise<string | undefined> {
    const { UUID } = await create(...input);
    assert.equal((await settled(UUID)).State, "Enabled");
    return UUID;
  }

  async function update(UUID: string | undefined, more: object): Promise<void> {
    await region.lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...more }));
    await settled(UUID);
  }

  const send = (QueueUrl: string, ...bodies: readonly (string | object)[]) =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: bodies.map((body, index) => ({
          Id: `${index}`,
          ...(typeof body === "string" ? { MessageBody: body } : { MessageBody: "", ...body }),
        })),
      }),
    );

  /** Bodies in the order in which the function got them. */
  const bodies = (recorder: Recorder): string[] =>
    recorder.notes.flatMap(({ event }) => event.Records.map(({ body }: { body: string }) => body));

  async function empty(url: string): Promise<void> {
    while ((await counts(sqs, url)).some((count) => count > 0));
  }

  test("messages that fail are tried again, and end as dead letters; the others are done once", async () => {
    const recorder = new Recorder(region, "partial");
    const worker = await deployRecorder(
      region,
      recorder,
      `return { batchItemFailures: event.Records.filter(({ body }) => body.startsWith("bad"))
        .map(({ messageId }) => ({ itemIdentifier: messageId })) };`,
      SHORT,
    );
    const dead = await createQueue(sqs, "partial-dead");
    const redrive = { deadLetterTargetArn: `${QUEUE_ARN}partial-dead`, maxReceiveCount: 2 };
    const url = await createQueue(sqs, "partial", { RedrivePolicy: JSON.stringify(redrive), VisibilityTimeout: "1" });
    await map("partial", worker, { FunctionResponseTypes: ["ReportBatchItemFailures"] });
    await send(url, "good-1", "bad-1", "good-2");
    const [letter] = await receive(sqs, dead, { WaitTimeSeconds: 20 });
    assert.equal(letter?.Body, "bad-1");
    assert.equal(letter?.Attributes?.DeadLetterQueueSourceArn, `${QUEUE_ARN}partial`);
    await empty(url);
    assert.deepEqual(bodies(recorder).toSorted(), ["bad-1", "bad-1", "good-1", "good-2"]);
    const [record] = recorder.notes[0]?.event.Records ?? [];
    assert.deepEqual(
      [record.eventSource, record.eventSourceARN, record.awsRegion, record.md5OfMessageAttributes],
      ["aws:sqs", `${QUEUE_ARN}partial`, "us-east-1", null],
    );
    assert.deepEqual(Object.keys(record.attributes).toSorted(), [
      "ApproximateFirstReceiveTimestamp",
      "ApproximateReceiveCount",
      "SenderId",
      "SentTimestamp",
    ]);
  });

  test("each group of a FIFO queue keeps its order, though messages fail at first", async () => {
    const recorder = new Recorder(region, "fifo");
    const worker = await deployRecorder(
      region,
      recorder,
      `const [{ body, attributes }] = event.Records;
       if (body.endsWith("2") && attributes.ApproximateReceiveCount === "1") throw new Error("not yet");`,
      SHORT,
    );
    const url = await createQueue(sqs, "order.fifo", { VisibilityTimeout: "1", ContentBasedDeduplication: "true" });
    await map("order.fifo", worker, { BatchSize: 1 });
    const names = ["a1", "b1", "a2", "b2", "a3", "b3"];
    await send(url, ...names.map((MessageBody) => ({ MessageBody, MessageGroupId: MessageBody[0] })));
    await recorder.until(({ length }) => length >= 8);
    await empty(url);
    const of = (group: string) => bodies(recorder).filter((body) => body.startsWith(group));
    assert.deepEqual(of("a"), ["a1", "a2", "a2", "a3"]);
    assert.deepEqual(of("b"), ["b1", "b2", "b2", "b3"]);
  });

  test("only what passes the filter reaches the function; the rest is deleted", async () => {
    const recorder = new Recorder(region, "filtered");
    const worker = await deployRecorder(region, recorder, "", SHORT);
    const url = await createQueue(sqs, "filtered");
    const Filters = [{ Pattern: JSON.stringify({ body: { price: [{ numeric: [">", 100] }] } }) }];
    await map("filtered", worker, { FilterCriteria: { Filters } });
    await send(url, '{"price":5}', "plain", '{"price":500}');
    await recorder.until(({ length }) => length === 1);
    await empty(url);
    assert.deepEqual(bodies(recorder), ['{"price":500}']);
  });

  test("a mapping is disabled, changed, enabled and deleted while messages come", async () => {
    const recorder = new Recorder(region, "changing");
    const worker = await deployRecorder(region, recorder, "", SHORT);
    const url = await createQueue(sqs, "changing");
    const id = await map("changing", worker);
    await send(url, "first");
    await recorder.until(({ length }) => length === 1);
    await update(id, { Enabled: false });
    await send(url, "second", "third", "fourth");
    assert.deepEqual(await counts(sqs, url), [3, 0, 0]);
    await update(id, { BatchSize: 2 });
    await update(id, { Enabled: true });
    await empty(url);
    assert.ok(recorder.notes.every(({ event }) => event.Records.length <= 2));
    assert.deepEqual(bodies(recorder).toSorted(), ["first", "fourth", "second", "third"]);
    await region.lambda.send(new DeleteEventSourceMappingCommand({ UUID: id }));
    await assert.rejects(async () => {
      for (;;) await state(id);
    }, /does not exist/);
    await send(url, "unseen");
    assert.deepEqual(await counts(sqs, url), [1, 0, 0]);
  });

  test("a mapping outlives its queue, and its function, and polls after a crash", async () => {
    const recorder = new Recorder(region, "outliving");
    const worker = await deployRecorder(region, recorder, "", SHORT);
    const url = await createQueue(sqs, "doomed");
    const id = await map("doomed", worker);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    while ((await state(id)).State !== "Disabled");
    assert.match((await state(id)).StateTransitionReason ?? "", /AWS\.SimpleQueueService\.NonExistentQueue/);
    await createQueue(sqs, "doomed");
    await update(id, { Enabled: true });
    assert.equal((await state(id)).State, "Enabled");
    await region.kill();
    await region.startAgain();
    sqs = sqsClient(region);
    await send(`${region.url}/000000000000/doomed`, "after the crash");
    await recorder.until(({ length }) => length === 1);
    await region.lambda.send(new DeleteFunctionCommand({ FunctionName: worker }));
    assert.equal((await settled(id)).State, "Enabled");
  });

  test("what cannot be mapped is refused as AWS refuses it", async () => {
    const worker = await deployRecorder(region, new Recorder(region, "refusing"));
    await refused(
      create("missing", worker),
      "InvalidParameterValueException",
      "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.",
    );
    await createQueue(sqs, "quick", { VisibilityTimeout: "5" });
    await refused(
      create("quick", worker),
      "InvalidParameterValueException",
      "Queue visibility timeout: 5 seconds is less than Function timeout: 20 seconds",
    );
    await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: worker, Timeout: 5 }));
    const id = await map("quick", worker);
    await refused(
      create("quick", worker),
      "ResourceConflictException",
      `An event source mapping with SQS arn (" ${QUEUE_ARN}quick ") and function (" ${worker} ") already exists. Please update or delete the existing mapping with UUID ${id}`,
    );
  });

  test("destinations and dead letters of asynchronous invocations arrive in queues", async () => {
    const worker = await deployRecorder(
      region,
      new Recorder(region, "sender"),
      "if (event.fails) throw new Error('no');",
    );
    const results = await createQueue(sqs, "results");
    const dead = await createQueue(sqs, "async-dead");
    const Destination = `${QUEUE_ARN}results`;
    await region.lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: worker,
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnSuccess: { Destination }, OnFailure: { Destination } },
      }),
    );
    const DeadLetterConfig = { TargetArn: `${QUEUE_ARN}async-dead` };
    await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: worker, DeadLetterConfig }));
    const invoke = async (event: object) => {
      const Payload = JSON.stringify(event);
      const answer = await region.lambda.send(
        new InvokeCommand({ FunctionName: worker, InvocationType: "Event", Payload }),
      );
      return answer.$metadata.requestId;
    };
    const requestId = await invoke({ fails: false });
    const [success] = await receive(sqs, results, { WaitTimeSeconds: 20 });
    const record = JSON.parse(success?.Body ?? "");
    assert.deepEqual([record.requestContext.condition, record.requestContext.requestId], ["Success", requestId]);
    assert.match(success?.Attributes?.AWSTraceHeader ?? "", /Root=1-.*Lineage=/);
    const failing = await invoke({ fails: true });
    const [letter] = await receive(sqs, dead, { WaitTimeSeconds: 20, MessageAttributeNames: ["All"] });
    assert.equal(letter?.Body, '{"fails":true}');
    const { RequestID, ErrorCode, ErrorMessage } = letter?.MessageAttributes ?? {};
    assert.deepEqual(
      [RequestID?.StringValue, ErrorCode?.StringValue, ErrorCode?.DataType, ErrorMessage?.StringValue],
      [failing, "200", "Number", "no"],
    );
    const [failure] = await receive(sqs, results, { WaitTimeSeconds: 20 });
    assert.equal(JSON.parse(failure?.Body ?? "").requestContext.condition, "RetriesExhausted");
  });
});
