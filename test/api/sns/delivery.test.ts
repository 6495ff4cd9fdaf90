/** What is published arrives: at functions, queues and HTTP endpoints, filtered, in order, again after failures and a crash. */
import assert from "node:assert/strict";
import { createVerify, X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import {
  ConfirmSubscriptionCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
} from "@aws-sdk/client-sns";
import { DeleteQueueCommand } from "@aws-sdk/client-sqs";
import { httpEndpoint, SnsRegion } from "./given.ts";

let given: SnsRegion;

before(async () => {
  given = await SnsRegion.start();
});
after(() => given.stop());

const text = (value: string) => ({ DataType: "String", StringValue: value });

interface Envelope extends Readonly<Record<string, string>> {}

/** As the SDKs of SNS's users verify: the certificate from its URL, the members in their order. */
async function verify(envelope: Envelope, certificateUrl: string | undefined): Promise<void> {
  const certificate = new X509Certificate(await (await fetch(certificateUrl ?? "")).text());
  const members =
    envelope.Type === "Notification"
      ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
      : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  const signed = members.filter((name) => typeof envelope[name] === "string");
  const body = signed.map((name) => `${name}\n${envelope[name]}\n`).join("");
  const algorithm = envelope.SignatureVersion === "2" ? "RSA-SHA256" : "RSA-SHA1";
  const isTrue = createVerify(algorithm)
    .update(body)
    .verify(certificate.publicKey, envelope.Signature ?? "", "base64");
  assert.ok(isTrue, "the signature does not fit");
}

test("a queue gets the message in an envelope that is signed, or as it is", async () => {
  const topic = await given.topic();
  const [queue, raw] = [await given.queue(), await given.queue()];
  const arn = await given.subscribe(topic, queue.arn);
  await given.subscribe(topic, raw.arn, { RawMessageDelivery: "true" });
  const attributes = { kind: text("new"), size: { DataType: "Number", StringValue: "3.50" } };
  const id = await given.publish(topic, "häßlich \u2028", { Subject: "Hello", MessageAttributes: attributes });
  const envelope = JSON.parse(await given.receiveBody(queue.url));
  const { Timestamp, Signature, SigningCertURL, UnsubscribeURL, ...rest } = envelope;
  assert.deepEqual(rest, {
    Type: "Notification",
    MessageId: id,
    TopicArn: topic,
    Subject: "Hello",
    Message: "häßlich \u2028",
    SignatureVersion: "1",
    MessageAttributes: { kind: { Type: "String", Value: "new" }, size: { Type: "Number", Value: "3.50" } },
  });
  assert.match(Timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Signature.length > 300);
  assert.equal(UnsubscribeURL, `${given.region.url}/?Action=Unsubscribe&SubscriptionArn=${arn}`);
  await verify(envelope, SigningCertURL);
  const [message] = await given.receive(raw.url, 1);
  assert.equal(message?.Body, "häßlich \u2028");
  assert.equal(message?.MessageAttributes?.size?.StringValue, "3.50");
});

test("a function gets SNS's event", async () => {
  const topic = await given.topic();
  const results = await given.queue();
  const source = `export const handler = async (event) => event;`;
  const functionArn = await given.function(source);
  const name = functionArn.split(":").at(-1) ?? "";
  const { PutFunctionEventInvokeConfigCommand } = await import("@aws-sdk/client-lambda");
  const config = { FunctionName: name, DestinationConfig: { OnSuccess: { Destination: results.arn } } };
  await given.region.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
  const arn = await given.subscribe(topic, functionArn);
  const id = await given.publish(topic, "for you");
  const { responsePayload: event } = JSON.parse(await given.receiveBody(results.url));
  const [{ Sns: sns, ...record }] = event.Records;
  assert.deepEqual(record, { EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn: arn });
  const { Timestamp, Signature, SigningCertUrl, UnsubscribeUrl, ...rest } = sns;
  const expected = { Type: "Notification", MessageId: id, TopicArn: topic, Subject: null, Message: "for you" };
  assert.deepEqual(rest, { ...expected, SignatureVersion: "1", MessageAttributes: {} });
  await verify({ ...expected, Timestamp, Signature, SignatureVersion: "1" } as never, SigningCertUrl);
  assert.match(UnsubscribeUrl, /\?Action=Unsubscribe&SubscriptionArn=arn:aws:sns/);
});

test("each protocol gets the text that is for it", async () => {
  const topic = await given.topic();
  const queue = await given.queue();
  await given.subscribe(topic, queue.arn, { RawMessageDelivery: "true" });
  await given.publish(topic, JSON.stringify({ default: "all", sqs: "queues" }), { MessageStructure: "json" });
  assert.equal(await given.receiveBody(queue.url), "queues");
  const without = given.publish(topic, '{"sqs":"x"}', { MessageStructure: "json" });
  await assert.rejects(without, {
    message: "Invalid parameter: Message Structure - No default entry in JSON message body",
  });
});

test("filter policies let through by attributes, or by body", async () => {
  const topic = await given.topic();
  const [byAttributes, byBody] = [await given.queue(), await given.queue()];
  const raw = { RawMessageDelivery: "true" };
  const policy = { store: ["shop"], price: [{ numeric: [">=", 100] }], tags: ["sale", { prefix: "new" }] };
  await given.subscribe(topic, byAttributes.arn, { ...raw, FilterPolicy: JSON.stringify(policy) });
  const bodyPolicy = { order: { state: [{ "anything-but": "open" }], note: [{ exists: false }] } };
  const bodyScope = { FilterPolicy: JSON.stringify(bodyPolicy), FilterPolicyScope: "MessageBody" };
  await given.subscribe(topic, byBody.arn, { ...raw, ...bodyScope });
  const attributes = (price: string, tags: string) => ({
    store: text("shop"),
    price: { DataType: "Number", StringValue: price },
    tags: { DataType: "String.Array", StringValue: tags },
  });
  await given.publish(topic, "too cheap", { MessageAttributes: attributes("99.9", '["sale"]') });
  await given.publish(topic, "no such tag", { MessageAttributes: attributes("100", '["old"]') });
  await given.publish(topic, '{"order":{"state":"open"}}');
  await given.publish(topic, '{"order":{"state":"paid","note":"x"}}');
  await given.publish(topic, "let through", { MessageAttributes: attributes("1e2", '["old","new-ish"]') });
  await given.publish(topic, '{"order":{"state":"paid"}}');
  assert.equal(await given.receiveBody(byAttributes.url), "let through");
  assert.equal(await given.receiveBody(byBody.url), '{"order":{"state":"paid"}}');
});

test("a message group of a FIFO topic keeps its order, and what is sent twice comes once", async () => {
  const topic = await given.topic({ FifoTopic: "true" });
  const queue = await given.queue({ FifoQueue: "true" });
  await given.subscribe(topic, queue.arn, { RawMessageDelivery: "true" });
  const entries = Array.from({ length: 30 }, (_, i) => ({
    Id: `e${i}`,
    Message: String(i),
    MessageGroupId: `g${i % 3}`,
    MessageDeduplicationId: `d${i}`,
  }));
  const sequences: string[] = [];
  for (let i = 0; i < 30; i += 10) {
    const PublishBatchRequestEntries = entries.slice(i, i + 10);
    const { Successful } = await given.sns.send(
      new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries }),
    );
    sequences.push(...(Successful ?? []).map(({ SequenceNumber }) => SequenceNumber ?? ""));
  }
  assert.ok(sequences.every((one, i) => one.length === 20 && (i === 0 || one > (sequences[i - 1] ?? ""))));
  const more = { MessageGroupId: "g0", MessageDeduplicationId: "d0" };
  const again = await given.sns.send(new PublishCommand({ TopicArn: topic, Message: "other", ...more }));
  assert.equal(again.SequenceNumber, sequences[0]);
  const received = await given.receive(queue.url, 30);
  for (const group of ["g0", "g1", "g2"]) {
    const bodies = received
      .filter(({ Attributes }) => Attributes?.MessageGroupId === group)
      .map(({ Body }) => Number(Body));
    assert.deepEqual(
      bodies,
      bodies.toSorted((a, b) => a - b),
    );
    assert.equal(bodies.length, 10);
  }
  const nameless = given.publish(topic, "x");
  await assert.rejects(nameless, {
    message: "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
  });
  await assert.rejects(given.publish(topic, "x", { MessageGroupId: "g" }), {
    message: /ContentBasedDeduplication enabled/,
  });
});

test("an HTTP endpoint confirms by the URL that it is sent, and then gets messages", async () => {
  await using endpoint = await httpEndpoint();
  const topic = await given.topic({ SignatureVersion: "2" });
  const arn = await given.subscribe(topic, endpoint.url);
  const listed = await given.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }));
  assert.equal(listed.Subscriptions?.[0]?.SubscriptionArn, "PendingConfirmation");
  const asked = await endpoint.next();
  assert.equal(asked.headers["x-amz-sns-message-type"], "SubscriptionConfirmation");
  assert.equal(asked.headers["content-type"], "text/plain; charset=UTF-8");
  const confirmation = JSON.parse(asked.body);
  await verify(confirmation, confirmation.SigningCertURL);
  // Nobody signs that: whoever has the token may.
  const answer = await fetch(confirmation.SubscribeURL);
  assert.match(await answer.text(), new RegExp(`<SubscriptionArn>${arn}</SubscriptionArn>`));
  const wrong = given.sns.send(new ConfirmSubscriptionCommand({ TopicArn: topic, Token: "wrong" }));
  await assert.rejects(wrong, { name: "InvalidParameterException", message: "Invalid token" });
  const unsigned = await fetch(confirmation.SubscribeURL.replace(/.$/, "x"));
  assert.equal(unsigned.status, 400);
  assert.match(await unsigned.text(), /<Code>InvalidParameter<\/Code>\s*<Message>Invalid token<\/Message>/);
  const id = await given.publish(topic, "news");
  const { headers, body } = await endpoint.next();
  const envelope = JSON.parse(body);
  assert.equal(envelope.Message, "news");
  assert.equal(headers["x-amz-sns-message-id"], id);
  assert.equal(headers["x-amz-sns-subscription-arn"], arn);
  assert.equal(envelope.SignatureVersion, "2");
  await verify(envelope, envelope.SigningCertURL);
  const change = { SubscriptionArn: arn, AttributeName: "RawMessageDelivery", AttributeValue: "true" };
  await given.sns.send(new SetSubscriptionAttributesCommand(change));
  await given.publish(topic, "plain news");
  const raw = await endpoint.next();
  assert.deepEqual([raw.body, raw.headers["x-amz-sns-rawdelivery"]], ["plain news", "true"]);
  assert.equal((await fetch(envelope.UnsubscribeURL)).status, 200);
  const gone = given.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
  await assert.rejects(gone, { name: "NotFoundException" });
});

test("who confirmed with a signature can ask that only the signed may unsubscribe", async () => {
  await using endpoint = await httpEndpoint();
  const topic = await given.topic();
  const arn = await given.subscribe(topic, endpoint.url);
  const { Token } = JSON.parse((await endpoint.next()).body);
  await given.sns.send(new ConfirmSubscriptionCommand({ TopicArn: topic, Token, AuthenticateOnUnsubscribe: "true" }));
  const unsigned = await fetch(`${given.region.url}/?Action=Unsubscribe&SubscriptionArn=${arn}`);
  assert.equal(unsigned.status, 403);
  assert.match(await unsigned.text(), /<Code>AuthorizationError<\/Code>/);
});

test("an endpoint that fails is asked again as its policy says, and then the dead-letter queue gets it", async () => {
  await using endpoint = await httpEndpoint();
  const topic = await given.topic();
  const dead = await given.queue();
  const retries = { numRetries: 3, numNoDelayRetries: 3, minDelayTarget: 1, maxDelayTarget: 1 };
  const arn = await given.subscribe(topic, endpoint.url, {
    DeliveryPolicy: JSON.stringify({ healthyRetryPolicy: retries }),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }),
  });
  await given.sns.send(
    new ConfirmSubscriptionCommand({ TopicArn: topic, Token: JSON.parse((await endpoint.next()).body).Token }),
  );
  endpoint.statuses.push(500, 503, 429, 500);
  await given.publish(topic, "hard to place");
  const seen = [await endpoint.next(), await endpoint.next(), await endpoint.next(), await endpoint.next()];
  assert.equal(new Set(seen.map(({ headers }) => headers["x-amz-sns-message-id"])).size, 1);
  assert.equal(JSON.parse(await given.receiveBody(dead.url)).Message, "hard to place");
  // A refusal for good is not tried again.
  endpoint.statuses.push(404);
  await given.publish(topic, "refused");
  await endpoint.next();
  assert.equal(JSON.parse(await given.receiveBody(dead.url)).Message, "refused");
  assert.ok(arn);
});

test("a queue that is gone, or whose policy does not let SNS, means the dead-letter queue at once", async () => {
  const topic = await given.topic();
  const [gone, closed, dead] = [await given.queue(), await given.queue({ Policy: "" }), await given.queue()];
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn });
  for (const { arn } of [gone, closed])
    await given.subscribe(topic, arn, { RedrivePolicy, RawMessageDelivery: "true" });
  await given.sqs.send(new DeleteQueueCommand({ QueueUrl: gone.url }));
  await given.publish(topic, "nowhere");
  assert.deepEqual(
    (await given.receive(dead.url, 2)).map(({ Body }) => Body),
    ["nowhere", "nowhere"],
  );
});

test("messages and batches that are none are refused in SNS's words", async () => {
  const topic = await given.topic();
  const refused = (name: string, message: string | RegExp, more: object) =>
    assert.rejects(given.publish(topic, "x", more), { name, message });
  await refused("InvalidParameterException", "Invalid parameter: Message too long", {
    Message: "x".repeat(256 * 1024 + 1),
  });
  await refused("InvalidParameterException", "Invalid parameter: Empty message", { Message: "" });
  await refused("InvalidParameterException", "Invalid parameter: Subject", { Subject: "two\nlines" });
  await refused("InvalidParameterValueException", /must contain non-empty message attribute value/, {
    MessageAttributes: { a: { DataType: "String" } },
  });
  await refused("InvalidParameterException", /PhoneNumber/, { TopicArn: undefined, PhoneNumber: "+15550100" });
  await refused("NotFoundException", "Topic does not exist", { TopicArn: `${topic}x` });
  const batch = (ids: string[], Message = "x") =>
    given.sns.send(
      new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: ids.map((Id) => ({ Id, Message })) }),
    );
  await assert.rejects(batch([]), { name: "EmptyBatchRequestException" });
  await assert.rejects(batch(["a", "a"]), { name: "BatchEntryIdsNotDistinctException" });
  await assert.rejects(batch(["a b"]), { name: "InvalidBatchEntryIdException" });
  await assert.rejects(batch(Array.from({ length: 11 }, (_, i) => `i${i}`)), {
    name: "TooManyEntriesInBatchRequestException",
  });
  await assert.rejects(batch(["a", "b"], "x".repeat(200_000)), { name: "BatchRequestTooLongException" });
  const entries = [
    { Id: "good", Message: "x" },
    { Id: "bad", Message: "" },
  ];
  const mixed = await given.sns.send(new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: entries }));
  assert.deepEqual(
    mixed.Successful?.map(({ Id }) => Id),
    ["good"],
  );
  assert.deepEqual(mixed.Failed, [
    { Id: "bad", Code: "InvalidParameter", Message: "Invalid parameter: Empty message", SenderFault: true },
  ]);
});
