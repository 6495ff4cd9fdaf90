/** Where S3's notifications go besides functions, in the form that each gets; and buckets to which others send. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { DeleteMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { TestRegion } from "../../test-region.ts";
import { zipOf } from "../lambda/zip.ts";
import { createQueue, QUEUE_ARN, receive, sqsClient } from "../sqs/sqs.ts";
import { CREDENTIALS, newBucket, put, refused, s3Client } from "./s3.ts";

const ACCOUNT = "000000000000";

let region: TestRegion;
let s3: S3Client;
let sqs: SQSClient;
before(async () => {
  region = await TestRegion.start("process", { ALONZO_ASYNC_RETRY_DELAYS: "0,0" });
  s3 = s3Client(region);
  sqs = sqsClient(region);
});
after(() => region.stop());

const notify = (Bucket: string, NotificationConfiguration: NotificationConfiguration) =>
  s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));

const policy = (service: string, Action: string, Resource: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Principal: { Service: service }, Action, Resource },
  });

/** A queue that a service may send to. */
async function queueFor(service: string, name: string) {
  const arn = QUEUE_ARN + name;
  const QueueUrl = await createQueue(sqs, name, { Policy: policy(service, "sqs:SendMessage", arn) });
  return {
    arn,
    /** The next message, once there is one. */
    async next() {
      for (;;) {
        const [message] = await receive(sqs, QueueUrl, { WaitTimeSeconds: 20, MaxNumberOfMessages: 1 });
        if (message === undefined) continue;
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
        return JSON.parse(message.Body ?? "");
      }
    },
  };
}

test("a topic gets the record as its message, once its policy lets S3 publish", async () => {
  const sns = new SNSClient({ endpoint: region.url, region: "us-east-1", credentials: CREDENTIALS });
  const bucket = await newBucket(s3);
  const TopicArn = `arn:aws:sns:us-east-1:${ACCOUNT}:uploads`;
  const TopicConfigurations = [{ Id: "t", TopicArn, Events: ["s3:ObjectCreated:*" as const] }];
  const invalid = "Unable to validate the following destination configurations";
  await refused(notify(bucket, { TopicConfigurations }), 400, "InvalidArgument", invalid);
  const Policy = policy("s3.amazonaws.com", "sns:Publish", TopicArn);
  await sns.send(new CreateTopicCommand({ Name: "uploads", Attributes: { Policy } }));
  const queue = await queueFor("sns.amazonaws.com", "of-topic");
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: queue.arn }));
  await notify(bucket, { TopicConfigurations });
  assert.equal(JSON.parse((await queue.next()).Message).Event, "s3:TestEvent");
  await put(s3, bucket, "a b", "12345");
  const envelope = await queue.next();
  assert.deepEqual(
    [envelope.Type, envelope.TopicArn, envelope.Subject],
    ["Notification", TopicArn, "Amazon S3 Notification"],
  );
  const [record] = JSON.parse(envelope.Message).Records;
  assert.deepEqual(
    [record.eventName, record.s3.configurationId, record.s3.object.key],
    ["ObjectCreated:Put", "t", "a+b"],
  );
});

test("EventBridge gets every event of the bucket in its own form, and rules choose among them", async () => {
  const bucket = await newBucket(s3);
  const queue = await queueFor("events.amazonaws.com", "of-rule");
  const events = new EventBridgeClient({ endpoint: region.url, region: "us-east-1", credentials: CREDENTIALS });
  const EventPattern = JSON.stringify({
    source: ["aws.s3"],
    detail: { bucket: { name: [bucket] }, object: { key: [{ prefix: "in/" }] } },
  });
  await events.send(new PutRuleCommand({ Name: "uploads", EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: "uploads", Targets: [{ Id: "1", Arn: queue.arn }] }));
  await notify(bucket, { EventBridgeConfiguration: {} });
  await put(s3, bucket, "out/a", "unseen");
  await put(s3, bucket, "in/ä b", "12345");
  const created = await queue.next();
  assert.deepEqual(
    [created.source, created["detail-type"], created.account, created.region, created.resources],
    ["aws.s3", "Object Created", ACCOUNT, "us-east-1", [`arn:aws:s3:::${bucket}`]],
  );
  const { sequencer, ...object } = created.detail.object;
  assert.match(sequencer, /^[0-9A-F]+$/);
  assert.deepEqual(object, { key: "in/ä b", size: 5, etag: "827ccb0eea8a706c4c34a16891f84e7b" });
  assert.deepEqual(
    [created.detail.version, created.detail.bucket, created.detail.requester, created.detail.reason],
    ["0", { name: bucket }, ACCOUNT, "PutObject"],
  );
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "in/ä b" }));
  const deleted = await queue.next();
  assert.deepEqual(
    [deleted["detail-type"], deleted.detail.reason, deleted.detail["deletion-type"]],
    ["Object Deleted", "DeleteObject", "Permanently Deleted"],
  );
});

test("what failed of an asynchronous invocation becomes an object, and this in turn an event", async () => {
  const bucket = await newBucket(s3);
  const queue = await queueFor("s3.amazonaws.com", "of-failures");
  await notify(bucket, { QueueConfigurations: [{ QueueArn: queue.arn, Events: ["s3:ObjectCreated:*"] }] });
  assert.equal((await queue.next()).Event, "s3:TestEvent");
  const source = "exports.handler = async () => { throw new RangeError('too far'); };";
  const FunctionName = await region.deploy({ runtime: "nodejs24.x", zip: zipOf({ "index.js": source }) });
  const DestinationConfig = { OnFailure: { Destination: `arn:aws:s3:::${bucket}` } };
  await region.lambda.send(
    new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 0, DestinationConfig }),
  );
  const invoked = await region.lambda.send(
    new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: '{"n":1}' }),
  );
  const { object } = (await queue.next()).Records[0].s3;
  const Key = decodeURIComponent(object.key.replaceAll("+", " "));
  const stamp = String.raw`\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}`;
  assert.match(Key, new RegExp(`^aws/lambda/async/${FunctionName}/${stamp}$`));
  const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const record = JSON.parse((await Body?.transformToString()) ?? "");
  assert.equal(ContentType, "application/json");
  assert.deepEqual(
    [record.requestContext.requestId, record.requestContext.condition, record.requestPayload],
    [invoked.$metadata.requestId, "RetriesExhausted", { n: 1 }],
  );
  assert.equal(record.responsePayload.errorMessage, "too far");
});
