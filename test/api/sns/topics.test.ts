/** Topics and subscriptions through the SDK: what is kept, listed and refused. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  AddPermissionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  RemovePermissionCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-sns";
import { SnsRegion } from "./given.ts";

let given: SnsRegion;
const QUEUE = "arn:aws:sqs:us-east-1:000000000000:anything";

before(async () => {
  given = await SnsRegion.start();
});
after(() => given.stop());

async function attributesOf(TopicArn: string): Promise<Record<string, string>> {
  return (await given.sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes ?? {};
}

test("a topic has its attributes, and is the same when it is made again", async () => {
  const Name = given.name("orders");
  const { TopicArn } = await given.sns.send(new CreateTopicCommand({ Name, Attributes: { DisplayName: "Orders" } }));
  assert.equal(TopicArn, `arn:aws:sns:us-east-1:000000000000:${Name}`);
  const again = await given.sns.send(new CreateTopicCommand({ Name, Attributes: { DisplayName: "Orders" } }));
  assert.equal(again.TopicArn, TopicArn);
  const attributes = await attributesOf(TopicArn);
  assert.equal(attributes.DisplayName, "Orders");
  assert.equal(attributes.Owner, "000000000000");
  assert.equal(
    JSON.parse(attributes.Policy ?? "").Statement[0].Condition.StringEquals["AWS:SourceOwner"],
    "000000000000",
  );
  assert.equal(JSON.parse(attributes.EffectiveDeliveryPolicy ?? "").http.defaultHealthyRetryPolicy.numRetries, 3);
  const other = given.sns.send(new CreateTopicCommand({ Name, Attributes: { DisplayName: "Others" } }));
  await assert.rejects(other, {
    name: "InvalidParameterException",
    message: "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
  });
  await given.sns.send(
    new SetTopicAttributesCommand({ TopicArn, AttributeName: "DisplayName", AttributeValue: "New" }),
  );
  assert.equal((await attributesOf(TopicArn)).DisplayName, "New");
});

test("names and attributes that are none are refused in SNS's words", async () => {
  const create = (Name: string, Attributes = {}) => given.sns.send(new CreateTopicCommand({ Name, Attributes }));
  await assert.rejects(create("with space"), {
    name: "InvalidParameterException",
    message: "Invalid parameter: Topic Name",
  });
  await assert.rejects(create("no-fifo", { FifoTopic: "true" }), { message: /Fifo Topic names must end with \.fifo/ });
  await assert.rejects(create("x", { Colour: "red" }), { message: "Invalid parameter: AttributeName" });
  const gone = given.sns.send(new GetTopicAttributesCommand({ TopicArn: "arn:aws:sns:us-east-1:000000000000:gone" }));
  await assert.rejects(gone, { name: "NotFoundException", message: "Topic does not exist" });
  const short = given.sns.send(new GetTopicAttributesCommand({ TopicArn: "gone" }));
  await assert.rejects(short, {
    message: "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
  });
});

test("lists come in pages of a hundred", async () => {
  const names = Array.from({ length: 101 }, (_, i) => `page-${String(i).padStart(3, "0")}`);
  for (const Name of names) await given.sns.send(new CreateTopicCommand({ Name }));
  const arns: (string | undefined)[] = [];
  let NextToken: string | undefined;
  let pages = 0;
  do {
    const page = await given.sns.send(new ListTopicsCommand(NextToken === undefined ? {} : { NextToken }));
    assert.ok((page.Topics?.length ?? 0) <= 100);
    arns.push(...(page.Topics ?? []).map(({ TopicArn }) => TopicArn));
    NextToken = page.NextToken;
    pages += 1;
  } while (NextToken !== undefined);
  assert.ok(pages > 1);
  assert.equal(new Set(arns).size, arns.length);
  assert.ok(names.every((name) => arns.some((arn) => arn?.endsWith(`:${name}`))));
  await assert.rejects(given.sns.send(new ListTopicsCommand({ NextToken: "***" })), {
    name: "InvalidParameterException",
  });
});

test("tags are kept, and whoever makes the topic with others is refused", async () => {
  const Name = given.name("tagged");
  const { TopicArn: ResourceArn = "" } = await given.sns.send(
    new CreateTopicCommand({ Name, Tags: [{ Key: "a", Value: "1" }] }),
  );
  await given.sns.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: "b", Value: "2" }] }));
  await given.sns.send(new UntagResourceCommand({ ResourceArn, TagKeys: ["a"] }));
  const { Tags } = await given.sns.send(new ListTagsForResourceCommand({ ResourceArn }));
  assert.deepEqual(Tags, [{ Key: "b", Value: "2" }]);
  const other = given.sns.send(new CreateTopicCommand({ Name, Tags: [{ Key: "b", Value: "3" }] }));
  await assert.rejects(other, { message: "Invalid parameter: Tags Reason: Topic already exists with different tags" });
});

test("permissions are statements of the policy", async () => {
  const TopicArn = await given.topic();
  const permission = { TopicArn, Label: "other", AWSAccountId: ["111111111111"], ActionName: ["Publish"] };
  await given.sns.send(new AddPermissionCommand(permission));
  const statements = JSON.parse((await attributesOf(TopicArn)).Policy ?? "").Statement;
  assert.deepEqual(statements[1], {
    Sid: "other",
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::111111111111:root" },
    Action: "SNS:Publish",
    Resource: TopicArn,
  });
  await assert.rejects(given.sns.send(new AddPermissionCommand(permission)), { message: /already exists/ });
  await given.sns.send(new RemovePermissionCommand({ TopicArn, Label: "other" }));
  assert.equal(JSON.parse((await attributesOf(TopicArn)).Policy ?? "").Statement.length, 1);
});

test("subscriptions are kept with their attributes, once for each endpoint, and go with their topic", async () => {
  const TopicArn = await given.topic();
  const arn = await given.subscribe(TopicArn, QUEUE, { RawMessageDelivery: "true" });
  assert.match(arn, new RegExp(`^${TopicArn}:[0-9a-f-]{36}$`));
  assert.equal(await given.subscribe(TopicArn, QUEUE), arn);
  const otherwise = given.subscribe(TopicArn, QUEUE, { RawMessageDelivery: "false" });
  await assert.rejects(otherwise, { message: /Subscription already exists with different attributes/ });
  const change = { SubscriptionArn: arn, AttributeName: "FilterPolicy", AttributeValue: '{"kind":["a"]}' };
  await given.sns.send(new SetSubscriptionAttributesCommand(change));
  const { Attributes } = await given.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
  assert.equal(Attributes?.FilterPolicyScope, "MessageAttributes");
  assert.equal(Attributes?.PendingConfirmation, "false");
  assert.equal(Attributes?.RawMessageDelivery, "true");
  const listed = await given.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  const expected = { SubscriptionArn: arn, Owner: "000000000000", Protocol: "sqs", Endpoint: QUEUE, TopicArn };
  assert.deepEqual(listed.Subscriptions, [expected]);
  const all = await given.sns.send(new ListSubscriptionsCommand({}));
  assert.ok(all.Subscriptions?.some(({ SubscriptionArn }) => SubscriptionArn === arn));
  assert.equal((await attributesOf(TopicArn)).SubscriptionsConfirmed, "1");
  await given.sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
  assert.equal((await attributesOf(TopicArn)).SubscriptionsDeleted, "1");
  const second = await given.subscribe(TopicArn, QUEUE);
  await given.sns.send(new DeleteTopicCommand({ TopicArn }));
  const gone = given.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: second }));
  await assert.rejects(gone, { name: "NotFoundException", message: "Subscription does not exist" });
  await given.sns.send(new DeleteTopicCommand({ TopicArn }));
});

test("what cannot be subscribed is refused", async () => {
  const TopicArn = await given.topic();
  const fifo = await given.topic({ FifoTopic: "true" });
  const refused = async (protocol: string, endpoint: string, message: RegExp, topic = TopicArn, Attributes = {}) => {
    const input = { TopicArn: topic, Protocol: protocol, Endpoint: endpoint, Attributes };
    await assert.rejects(given.sns.send(new SubscribeCommand(input)), { name: "InvalidParameterException", message });
  };
  await refused("pigeon", "loft", /does not support this protocol string: pigeon/);
  await refused("email", "me@example.org", /does not deliver to email/);
  await refused("sqs", "not-an-arn", /SQS endpoint ARN/);
  await refused("http", "https://example.org", /Endpoint must match the specified protocol/);
  await refused("sqs", `${QUEUE}.fifo`, /FIFO SQS Queues can not be subscribed to standard SNS topics/);
  await refused("lambda", "arn:aws:lambda:us-east-1:000000000000:function:f", /FIFO SNS Topics/, fifo);
  await refused("sqs", QUEUE, /AttributeName/, TopicArn, { Colour: "red" });
  await refused("sqs", QUEUE, /RawMessageDelivery/, TopicArn, { RawMessageDelivery: "maybe" });
  await refused("sqs", QUEUE, /deadLetterTargetArn/, TopicArn, { RedrivePolicy: '{"deadLetterTargetArn":"x"}' });
  await refused("sqs", QUEUE, /FilterPolicy: .*match/i, TopicArn, { FilterPolicy: '{"a":[{"like":"b"}]}' });
  await refused("sqs", QUEUE, /does not support nested filter policy/, TopicArn, { FilterPolicy: '{"a":{"b":["c"]}}' });
  const six = JSON.stringify(Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((key) => [key, ["x"]])));
  await refused("sqs", QUEUE, /can not have more than 5 keys/, TopicArn, { FilterPolicy: six });
});

test("topics and subscriptions are there after a crash", async () => {
  const TopicArn = await given.topic({ DisplayName: "kept" });
  const arn = await given.subscribe(TopicArn, QUEUE, { FilterPolicy: '{"a":["b"]}' });
  await given.crash();
  assert.equal((await attributesOf(TopicArn)).DisplayName, "kept");
  const { Attributes } = await given.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
  assert.equal(Attributes?.FilterPolicy, '{"a":["b"]}');
});
