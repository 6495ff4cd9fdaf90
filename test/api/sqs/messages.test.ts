/** Messages through the AWS SDK, which checks the MD5 of bodies and attributes itself. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ListMessageMoveTasksCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { TestRegion } from "../../test-region.ts";
import { counts, createQueue, QUEUE_ARN, receive, refused, sqsClient } from "./sqs.ts";

const TRACE = "Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";
const MIB = 1_048_576;

describe("messages", () => {
  let region: TestRegion;
  let sqs: SQSClient;
  before(async () => {
    region = await TestRegion.start();
    sqs = sqsClient(region);
  });
  after(() => region.stop());

  const send = (QueueUrl: string, MessageBody: string, more: object = {}) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));

  test("a message comes with what its sender and SQS say of it", async () => {
    const url = await createQueue(sqs, "whole");
    const sent = await send(url, "Grüße\u{1F600}", {
      MessageAttributes: {
        text: { DataType: "String.note", StringValue: "v" },
        number: { DataType: "Number", StringValue: "-1.5e3" },
        bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
      },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: TRACE } },
    });
    assert.match(sent.MD5OfMessageSystemAttributes ?? "", /^[0-9a-f]{32}$/);
    const [message] = await receive(sqs, url, { MessageAttributeNames: ["All"] });
    assert.equal(message?.MessageId, sent.MessageId);
    assert.equal(message?.Body, "Grüße\u{1F600}");
    assert.equal(message?.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
    const { SentTimestamp, ApproximateFirstReceiveTimestamp, SenderId, ...system } = message?.Attributes ?? {};
    assert.match(`${SentTimestamp} ${ApproximateFirstReceiveTimestamp}`, /^\d{13} \d{13}$/);
    assert.match(SenderId ?? "", /^AIDA[0-9A-F]{17}$/);
    assert.deepEqual(system, { ApproximateReceiveCount: "1", AWSTraceHeader: TRACE });
    assert.deepEqual([...(message?.MessageAttributes?.bytes?.BinaryValue ?? [])], [0, 255]);
    assert.equal(message?.MessageAttributes?.text?.DataType, "String.note");
  });

  test("the receiver gets the attributes that he names, and their MD5 as AWS computes it", async () => {
    const url = await createQueue(sqs, "named", { VisibilityTimeout: "0" });
    const attribute = (StringValue: string) => ({ DataType: "String", StringValue });
    const MessageAttributes = { Hello: attribute("There"), General: attribute("Kenobi"), "Help.Me": attribute("Me") };
    await send(url, "msg", { MessageAttributes });
    // Recorded: localstack's snapshots of AWS, 2023-07-06.
    const cases: [string[], string[], string | undefined][] = [
      [[], [], undefined],
      [["All"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"],
      [[".*"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"],
      [["Hello", "General"], ["General", "Hello"], "fca026605781cb4126a1e9044df24232"],
      [["Hello", "Foo"], ["Hello"], "a311262e065454b75da111d535b8dacd"],
      [["Hel.*"], ["Hello", "Help.Me"], "83fee93c1bcd8b9a5a923ffacdc636c7"],
      [["Foo"], [], undefined],
    ];
    for (const [MessageAttributeNames, names, md5] of cases) {
      const [message] = await receive(sqs, url, { MessageAttributeNames });
      assert.deepEqual(Object.keys(message?.MessageAttributes ?? {}).sort(), names);
      assert.equal(message?.MD5OfMessageAttributes, md5);
    }
  });

  test("what a message may not be is refused", async () => {
    const url = await createQueue(sqs, "strict", { MaximumMessageSize: "1024" });
    await refused(send(url, "a\u0001b"), "InvalidMessageContents", /#x9 \| #xA/);
    await refused(send(url, "x".repeat(1025)), "InvalidParameterValue", /Message must be shorter than 1024 bytes\.$/);
    await refused(send(url, "x", { DelaySeconds: 901 }), "InvalidParameterValue", /DelaySeconds/);
    const attribute = (name: string, DataType: string, StringValue: string | undefined) =>
      send(url, "x", { MessageAttributes: { [name]: { DataType, StringValue } } });
    await refused(attribute("aws.x", "String", "v"), "InvalidParameterValue", /aws\.x/);
    await refused(attribute("x", "Text", "v"), "InvalidParameterValue", /invalid message attribute type/);
    await refused(attribute("x", "Number", "many"), "InvalidParameterValue", /cast/);
    await refused(attribute("x", "String", ""), "InvalidParameterValue", /non-empty message attribute value/);
    await refused(
      send(url, "x", { MessageDeduplicationId: "d" }),
      "InvalidParameterValue",
      /not valid for this queue type/,
    );
    assert.deepEqual(await counts(sqs, url), [0, 0, 0]);
    const large = await createQueue(sqs, "large");
    await send(large, "x".repeat(MIB));
    await refused(send(large, "x".repeat(MIB + 1)), "InvalidParameterValue", /shorter than 1048576 bytes/);
  });

  test("a FIFO queue wants a group and something to tell duplicates by", async () => {
    const url = await createQueue(sqs, "strict.fifo");
    await refused(send(url, "x"), "MissingParameter", "The request must contain the parameter MessageGroupId.");
    await refused(
      send(url, "x", { MessageGroupId: "g" }),
      "InvalidParameterValue",
      /ContentBasedDeduplication enabled/,
    );
    await refused(
      send(url, "x", { MessageGroupId: "g", MessageDeduplicationId: "d", DelaySeconds: 2 }),
      "InvalidParameterValue",
      "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
    );
    const byContent = await createQueue(sqs, "content.fifo", { ContentBasedDeduplication: "true" });
    const first = await send(byContent, "x", { MessageGroupId: "g" });
    const again = await send(byContent, "x", { MessageGroupId: "g" });
    assert.deepEqual([again.MessageId, again.SequenceNumber], [first.MessageId, first.SequenceNumber]);
    const [message, ...others] = await receive(sqs, byContent);
    assert.deepEqual(others, []);
    assert.equal(message?.Attributes?.SequenceNumber, first.SequenceNumber);
    assert.equal(message?.Attributes?.MessageGroupId, "g");
    assert.match(message?.Attributes?.MessageDeduplicationId ?? "", /^[0-9a-f]{64}$/);
  });

  test("each entry of a batch succeeds or fails by itself", async () => {
    const url = await createQueue(sqs, "batch", { MaximumMessageSize: "1024" });
    const sent = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "1", MessageBody: "one" },
          { Id: "2", MessageBody: "x".repeat(1025) },
          { Id: "3", MessageBody: "three" },
        ],
      }),
    );
    assert.deepEqual(
      sent.Successful?.map(({ Id }) => Id),
      ["1", "3"],
    );
    assert.deepEqual(
      sent.Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]),
      [["2", "InvalidParameterValue", true]],
    );
    const [one, three] = await receive(sqs, url);
    const handles = [one?.ReceiptHandle ?? "", "nonsense"];
    const changed = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: handles.map((ReceiptHandle, index) => ({ Id: `${index}`, ReceiptHandle, VisibilityTimeout: 0 })),
      }),
    );
    assert.deepEqual([changed.Successful?.[0]?.Id, changed.Failed?.[0]?.Code], ["0", "ReceiptHandleIsInvalid"]);
    const Entries = [three, three].map((message, index) => ({
      Id: `${index}`,
      ReceiptHandle: message?.ReceiptHandle ?? "",
    }));
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    assert.equal(deleted.Successful?.length, 2);
    assert.deepEqual(await counts(sqs, url), [1, 0, 0]);
  });

  test("a batch that is none is refused as a whole", async () => {
    const url = await createQueue(sqs, "batches");
    const batch = (entries: { Id: string; MessageBody: string }[]) =>
      sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    const entry = (Id: string, MessageBody = "x") => ({ Id, MessageBody });
    await refused(
      batch([]),
      "EmptyBatchRequest",
      "There should be at least one SendMessageBatchRequestEntry in the request.",
    );
    await refused(
      batch(Array.from({ length: 20 }, (_, index) => entry(`${index}`))),
      "TooManyEntriesInBatchRequest",
      "Maximum number of entries per request are 10. You have sent 20.",
    );
    await refused(batch([entry("a"), entry("a")]), "BatchEntryIdsNotDistinct", "Id a repeated.");
    await refused(batch([entry("invalid:id")]), "InvalidBatchEntryId", /at most 80 letters long/);
    await refused(
      batch([entry("a", "x".repeat(MIB)), entry("b")]),
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${MIB} bytes. You have sent ${MIB + 1} bytes.`,
    );
    assert.deepEqual(await counts(sqs, url), [0, 0, 0]);
  });

  test("receipts are those that the queue gave out", async () => {
    const url = await createQueue(sqs, "receipts");
    const other = await createQueue(sqs, "other-receipts");
    await send(url, "x");
    const [message] = await receive(sqs, url);
    const ReceiptHandle = message?.ReceiptHandle ?? "";
    await refused(
      sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: "abc" })),
      "ReceiptHandleIsInvalid",
      'The input receipt handle "abc" is not a valid receipt handle.',
    );
    await refused(sqs.send(new DeleteMessageCommand({ QueueUrl: other, ReceiptHandle })), "ReceiptHandleIsInvalid");
    const change = (VisibilityTimeout: number) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout }));
    await refused(change(43_201), "InvalidParameterValue", /VisibilityTimeout/);
    await refused(change(43_200), "InvalidParameterValue", /beyond the limit \[43200 seconds\]/);
    await change(0);
    await refused(change(1), "MessageNotInflight");
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
    await refused(change(1), "InvalidParameterValue", /Message does not exist or is not available/);
  });

  test("a receipt of a FIFO queue expires with the visibility timeout", async () => {
    const url = await createQueue(sqs, "expiring.fifo");
    await send(url, "x", { MessageGroupId: "g", MessageDeduplicationId: "d" });
    const [message] = await receive(sqs, url, { VisibilityTimeout: 0 });
    await refused(
      sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle ?? "" })),
      "InvalidParameterValue",
      /Reason: The receipt handle has expired\.$/,
    );
  });

  test("whoever waits for a message has it as soon as it comes, though others have left meanwhile", async () => {
    const url = await createQueue(sqs, "long");
    const leaving = new AbortController();
    const left = sqs.send(
      new (await import("@aws-sdk/client-sqs")).ReceiveMessageCommand({
        QueueUrl: url,
        WaitTimeSeconds: 20,
        VisibilityTimeout: 1,
      }),
      { abortSignal: leaving.signal },
    );
    // The request is there once the next one on another connection was answered.
    await counts(sqs, url);
    leaving.abort();
    await assert.rejects(left);
    // The end of a connection may be heard of too late: then the message comes back in a second.
    const waiting = receive(sqs, url, { WaitTimeSeconds: 20 });
    await send(url, "now");
    assert.equal((await waiting)[0]?.Body, "now");
    await refused(receive(sqs, url, { WaitTimeSeconds: 21 }), "InvalidParameterValue", /WaitTimeSeconds/);
    await refused(
      receive(sqs, url, { MaxNumberOfMessages: 11 }),
      "InvalidParameterValue",
      "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    );
  });

  test("dead letters are moved back to where they came from, as new messages", async () => {
    const deadUrl = await createQueue(sqs, "letters");
    const redrive = { deadLetterTargetArn: `${QUEUE_ARN}letters`, maxReceiveCount: 1 };
    const url = await createQueue(sqs, "origin", { RedrivePolicy: JSON.stringify(redrive) });
    const { MessageId } = await send(url, "poison");
    await receive(sqs, url, { VisibilityTimeout: 0 });
    assert.deepEqual(await receive(sqs, url), []);
    const [letter] = await receive(sqs, deadUrl, { VisibilityTimeout: 0 });
    assert.equal(letter?.MessageId, MessageId);
    assert.equal(letter?.Attributes?.DeadLetterQueueSourceArn, `${QUEUE_ARN}origin`);
    const SourceArn = `${QUEUE_ARN}letters`;
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
    const back = await receive(sqs, url, { WaitTimeSeconds: 20 });
    assert.equal(back[0]?.Body, "poison");
    assert.notEqual(back[0]?.MessageId, MessageId);
    assert.equal(back[0]?.Attributes?.DeadLetterQueueSourceArn, undefined);
    let task: object | undefined;
    do {
      const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }));
      task = Results?.map(({ StartedTimestamp: _, ...others }) => others)[0];
    } while ((task as { Status?: string }).Status === "RUNNING");
    assert.deepEqual(task, {
      Status: "COMPLETED",
      SourceArn,
      ApproximateNumberOfMessagesMoved: 1,
      ApproximateNumberOfMessagesToMove: 1,
    });
  });

  test("a slow move task is cancelled, and there is one at a time", async () => {
    const letters = await createQueue(sqs, "slow-letters");
    const redrive = { deadLetterTargetArn: `${QUEUE_ARN}slow-letters`, maxReceiveCount: 1 };
    await createQueue(sqs, "slow-origin", { RedrivePolicy: JSON.stringify(redrive) });
    const target = await createQueue(sqs, "slow-target");
    for (const body of ["1", "2", "3"]) await send(letters, body);
    const SourceArn = `${QUEUE_ARN}slow-letters`;
    const start = (more: object) => sqs.send(new StartMessageMoveTaskCommand({ SourceArn, ...more }));
    await refused(
      start({ DestinationArn: `${QUEUE_ARN}none` }),
      "ResourceNotFoundException",
      /DestinationArn parameter/,
    );
    await refused(start({ SourceArn: `${QUEUE_ARN}slow-target` }), "InvalidParameterValue", /as a Dead Letter Queue/);
    const input = { DestinationArn: `${QUEUE_ARN}slow-target`, MaxNumberOfMessagesPerSecond: 1 };
    const { TaskHandle } = await start(input);
    await refused(start(input), "InvalidParameterValue", /already a task running/);
    assert.equal((await receive(sqs, target, { WaitTimeSeconds: 20 }))[0]?.Body, "1");
    await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    const status = async () =>
      (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results?.map((task) => task.Status);
    while ((await status())?.[0] === "CANCELLING");
    assert.deepEqual(await status(), ["CANCELLED"]);
    await refused(
      sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: "nonsense" })),
      "InvalidParameterValue",
      "Value for parameter TaskHandle is invalid.",
    );
    await refused(
      sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })),
      "ResourceNotFoundException",
      "Task does not exist.",
    );
  });
});
