/** Queues through the AWS SDK: attributes, lists, tags, permissions, and what is refused. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  RemovePermissionCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { TestRegion } from "../../test-region.ts";
import { counts, createQueue, QUEUE_ARN, refused, sqsClient } from "./sqs.ts";

describe("queues", () => {
  let region: TestRegion;
  let sqs: SQSClient;
  before(async () => {
    region = await TestRegion.start();
    sqs = sqsClient(region);
  });
  after(() => region.stop());

  const attributes = async (QueueUrl: string) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes;

  test("a new queue has SQS's attributes, and a URL that leads to the region that was asked", async () => {
    const url = await createQueue(sqs, "plain");
    assert.equal(url, `${region.url}/000000000000/plain`);
    const { CreatedTimestamp, LastModifiedTimestamp, ...others } = (await attributes(url)) ?? {};
    assert.match(`${CreatedTimestamp} ${LastModifiedTimestamp}`, /^\d{10} \d{10}$/);
    assert.deepEqual(others, {
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesDelayed: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
      DelaySeconds: "0",
      MaximumMessageSize: "1048576",
      MessageRetentionPeriod: "345600",
      QueueArn: `${QUEUE_ARN}plain`,
      ReceiveMessageWaitTimeSeconds: "0",
      SqsManagedSseEnabled: "true",
      VisibilityTimeout: "30",
    });
    const fifo = (await attributes(await createQueue(sqs, "plain.fifo"))) ?? {};
    assert.deepEqual(
      [fifo.FifoQueue, fifo.ContentBasedDeduplication, fifo.DeduplicationScope, fifo.FifoThroughputLimit],
      ["true", "false", "queue", "perQueue"],
    );
  });

  test("creating a queue again gives the same, unless an attribute differs", async () => {
    const url = await createQueue(sqs, "twice", { VisibilityTimeout: "5" });
    assert.equal(await createQueue(sqs, "twice", { VisibilityTimeout: "5" }), url);
    assert.equal(await createQueue(sqs, "twice"), url);
    await refused(
      createQueue(sqs, "twice", { DelaySeconds: "1" }),
      "QueueNameExists",
      "A queue already exists with the same name and a different value for attribute DelaySeconds",
    );
  });

  test("names and attributes are what SQS allows", async () => {
    await refused(createQueue(sqs, "no spaces"), "InvalidParameterValue", /Can only include alphanumeric/);
    await refused(
      sqs.send(new CreateQueueCommand({ QueueName: "x.fifo" })),
      "InvalidParameterValue",
      /Can only include alphanumeric/,
    );
    await refused(createQueue(sqs, "x", { FifoQueue: "true" }), "InvalidParameterValue", /must end with .fifo suffix/);
    await refused(
      createQueue(sqs, "x", { FifoQueue: "false" }),
      "InvalidAttributeName",
      "Unknown Attribute FifoQueue.",
    );
    await refused(createQueue(sqs, "x", { VisibilityTimeout: "43201" }), "InvalidAttributeValue", /VisibilityTimeout/);
    await refused(createQueue(sqs, "x", { QueueArn: "y" }), "InvalidAttributeName", "Unknown Attribute QueueArn.");
    await refused(createQueue(sqs, "x", { Policy: "{" }), "InvalidAttributeValue", /Policy/);
    await refused(
      createQueue(sqs, "x", { KmsMasterKeyId: "key", SqsManagedSseEnabled: "true" }),
      "InvalidAttributeName",
      /one type of server-side encryption/,
    );
  });

  test("attributes are changed, and those of a region that was killed are there again", async () => {
    const url = await createQueue(sqs, "changed");
    const Attributes = { VisibilityTimeout: "69", MaximumMessageSize: "2048", KmsMasterKeyId: "key" };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    await region.kill();
    await region.startAgain();
    sqs = sqsClient(region);
    const found = await attributes(`https://sqs.us-east-1.amazonaws.com/000000000000/changed`);
    assert.deepEqual(
      [found?.VisibilityTimeout, found?.MaximumMessageSize, found?.KmsMasterKeyId, found?.SqsManagedSseEnabled],
      ["69", "2048", "key", "false"],
    );
  });

  test("a queue is found by its name and by any address, and no longer once it was deleted", async () => {
    await createQueue(sqs, "found");
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "found" }));
    assert.equal(QueueUrl, `${region.url}/000000000000/found`);
    for (const host of [
      "http://queue.localhost:1",
      "https://sqs.us-east-1.amazonaws.com",
      "http://queue.amazonaws.com",
    ]) {
      assert.deepEqual(await counts(sqs, `${host}/000000000000/found`), [0, 0, 0]);
    }
    const missing = "The specified queue does not exist.";
    await refused(counts(sqs, "http://x/111111111111/found"), "QueueDoesNotExist", missing);
    await refused(counts(sqs, "nowhere"), "InvalidAddress", /nowhere/);
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await refused(sqs.send(new GetQueueUrlCommand({ QueueName: "found" })), "QueueDoesNotExist", missing);
    await refused(counts(sqs, QueueUrl ?? ""), "QueueDoesNotExist", missing);
    // Earlier than AWS, which wants a minute in between.
    assert.equal(await createQueue(sqs, "found"), QueueUrl);
  });

  test("queues are listed by prefix, a page at a time", async () => {
    for (const name of ["page-1", "page-2", "page-3"]) await createQueue(sqs, name);
    const list = async (more: object) => {
      const { QueueUrls, NextToken } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "page-", ...more }));
      return { names: QueueUrls?.map((url) => url.split("/").at(-1)), NextToken };
    };
    assert.deepEqual((await list({})).names, ["page-1", "page-2", "page-3"]);
    const { names, NextToken } = await list({ MaxResults: 2 });
    assert.deepEqual(names, ["page-1", "page-2"]);
    assert.deepEqual(await list({ MaxResults: 2, NextToken }), { names: ["page-3"], NextToken: undefined });
    assert.equal((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "none" }))).QueueUrls, undefined);
  });

  test("a redrive policy names a queue that exists, is of the same type, and allows it", async () => {
    const deadUrl = await createQueue(sqs, "dead");
    await createQueue(sqs, "dead.fifo");
    const policy = (name: string, maxReceiveCount: unknown = 3) => ({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: QUEUE_ARN + name, maxReceiveCount }),
    });
    const url = await createQueue(sqs, "source", policy("dead", "3"));
    const found = (await attributes(url))?.RedrivePolicy ?? "";
    assert.equal(found, `{"deadLetterTargetArn":"${QUEUE_ARN}dead","maxReceiveCount":3}`);
    const { queueUrls } = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadUrl }));
    assert.deepEqual(queueUrls, [url]);
    const isRefused = (attribute: { RedrivePolicy: string }, message: RegExp) =>
      refused(
        sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attribute })),
        "InvalidParameterValue",
        message,
      );
    await isRefused(policy("missing"), /Reason: Dead letter target does not exist\.$/);
    await isRefused(policy("dead.fifo"), /must be same type of queue as the source/);
    await isRefused(policy("dead", 1001), /valid values are from 1 to 1000/);
    await isRefused({ RedrivePolicy: "[]" }, /not a valid JSON map/);
    await isRefused(
      { RedrivePolicy: '{"deadLetterTargetArn":"dummy","maxReceiveCount":42}' },
      /Invalid value for deadLetterTargetArn/,
    );
    const RedriveAllowPolicy = JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: [`${QUEUE_ARN}other`] });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: deadUrl, Attributes: { RedriveAllowPolicy } }));
    await isRefused(policy("dead", 4), /does not allow/);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { RedrivePolicy: "" } }));
    assert.equal((await attributes(url))?.RedrivePolicy, undefined);
  });

  test("tags are put on queues and taken off", async () => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "tagged", tags: { a: "1" } }));
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { b: "2" } }));
    assert.deepEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags, { a: "1", b: "2" });
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["a", "b"] }));
    assert.equal((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags, undefined);
  });

  test("permissions are written into the policy as SQS writes them", async () => {
    const QueueUrl = await createQueue(sqs, "shared");
    const add = (Label: string, Actions = ["ReceiveMessage"]) =>
      sqs.send(new AddPermissionCommand({ QueueUrl, Label, AWSAccountIds: ["111111111111"], Actions }));
    await add("one");
    await add("two", ["*", "SendMessage"]);
    const policy = async () => JSON.parse((await attributes(QueueUrl))?.Policy ?? "null");
    assert.deepEqual(await policy(), {
      Version: "2008-10-17",
      Id: `${QUEUE_ARN}shared/__default_policy_ID`,
      Statement: [
        {
          Sid: "one",
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::111111111111:root" },
          Action: "SQS:ReceiveMessage",
          Resource: `${QUEUE_ARN}shared`,
        },
        {
          Sid: "two",
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::111111111111:root" },
          Action: ["SQS:*", "SQS:SendMessage"],
          Resource: `${QUEUE_ARN}shared`,
        },
      ],
    });
    await refused(add("one"), "InvalidParameterValue", /Reason: Already exists\.$/);
    await refused(add("three", ["DeleteQueue"]), "InvalidParameterValue", /Only the queue owner/);
    for (const Label of ["one", "two"]) await sqs.send(new RemovePermissionCommand({ QueueUrl, Label }));
    assert.equal(await policy(), null);
    await refused(
      sqs.send(new RemovePermissionCommand({ QueueUrl, Label: "one" })),
      "InvalidParameterValue",
      "Value one for parameter Label is invalid. Reason: can't find label.",
    );
  });

  test("a queue is purged, once a minute", async () => {
    const QueueUrl = await createQueue(sqs, "purged");
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "gone" }));
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
    await refused(
      sqs.send(new PurgeQueueCommand({ QueueUrl })),
      "PurgeQueueInProgress",
      "Only one PurgeQueue operation on purged is allowed every 60 seconds.",
    );
  });
});
