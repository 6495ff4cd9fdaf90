/** EventBridge through the SDK of JavaScript: what rules match reaches functions, buses and APIs, as AWS would send it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CloudWatchLogsClient, CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CancelReplayCommand,
  CreateApiDestinationCommand,
  CreateArchiveCommand,
  CreateConnectionCommand,
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeArchiveCommand,
  DescribeConnectionCommand,
  DescribeEventBusCommand,
  DescribeReplayCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  RemoveTargetsCommand,
  StartReplayCommand,
  TagResourceCommand,
  type Target,
  TestEventPatternCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { TestRegion } from "../../test-region.ts";
import { Recorder, TELLING } from "../recorder.ts";

const ACCOUNT = "000000000000";
const EVENTS = `arn:aws:events:us-east-1:${ACCOUNT}:`;

let region: TestRegion;
let recorder: Recorder;
let events: EventBridgeClient;

before(async () => {
  [region, recorder] = await Promise.all([TestRegion.start(), Recorder.start()]);
  events = new EventBridgeClient(settings());
});

after(async () => {
  events.destroy();
  await region.stop();
  await recorder[Symbol.asyncDispose]();
});

const settings = () => ({
  endpoint: region.url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
});

/** A function that tells the recorder at a path what it gets, and that EventBridge may invoke. */
async function telling(path: string): Promise<string> {
  const more = { Environment: { Variables: { RECORDER: recorder.url + path } } };
  const name = await region.deploy({ runtime: "nodejs22.x", zip: TELLING, more });
  await region.lambda.send(
    new AddPermissionCommand({
      FunctionName: name,
      StatementId: "events",
      Action: "lambda:InvokeFunction",
      Principal: "events.amazonaws.com",
    }),
  );
  return `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
}

async function rule(name: string, pattern: unknown, targets: Target[], bus?: string): Promise<void> {
  const EventBusName = bus;
  await events.send(new PutRuleCommand({ Name: name, EventPattern: JSON.stringify(pattern), EventBusName }));
  const answer = await events.send(new PutTargetsCommand({ Rule: name, Targets: targets, EventBusName }));
  assert.equal(answer.FailedEntryCount, 0);
}

const put = (Source: string, detail: unknown, more: Record<string, unknown> = {}) =>
  events.send(
    new PutEventsCommand({ Entries: [{ Source, DetailType: "test", Detail: JSON.stringify(detail), ...more }] }),
  );

test("an event reaches the function whose rule it matches, exactly as AWS writes it, and no other", async () => {
  const [yes, no] = await Promise.all([telling("/match"), telling("/no-match")]);
  await rule("match", { source: ["shop"], detail: { total: [{ numeric: [">", 100] }] } }, [{ Id: "1", Arn: yes }]);
  await rule("no-match", { source: ["shop"], detail: { total: [{ numeric: ["<=", 100] }] } }, [{ Id: "1", Arn: no }]);
  const answer = await put("shop", { total: 100.5 }, { Resources: ["arn:x"], Time: new Date("2026-05-04T03:02:01Z") });
  assert.equal(answer.FailedEntryCount, 0);
  assert.deepEqual(await recorder.json("/match"), {
    version: "0",
    id: answer.Entries?.[0]?.EventId,
    "detail-type": "test",
    source: "shop",
    account: ACCOUNT,
    time: "2026-05-04T03:02:01Z",
    region: "us-east-1",
    resources: ["arn:x"],
    detail: { total: 100.5 },
  });
  await put("shop", { total: 1 });
  await recorder.until("/no-match");
  assert.equal(recorder.at("/match").length, 1);
});

test("each entry is checked by itself, in AWS's words", async () => {
  const { FailedEntryCount, Entries } = await events.send(
    new PutEventsCommand({
      Entries: [
        { Source: "s", DetailType: "d", Detail: "{}" },
        { DetailType: "d", Detail: "{}" },
        { Source: "s", Detail: "{}" },
        { Source: "s", DetailType: "d" },
        { Source: "s", DetailType: "d", Detail: "[]" },
        { Source: "s", DetailType: "d", Detail: "{" },
        { Source: "aws.s3", DetailType: "d", Detail: "{}" },
      ],
    }),
  );
  assert.equal(FailedEntryCount, 6);
  assert.deepEqual(
    Entries?.slice(1).map(({ ErrorCode, ErrorMessage }) => `${ErrorCode}: ${ErrorMessage}`),
    [
      "InvalidArgument: Parameter Source is not valid. Reason: Source is a required argument.",
      "InvalidArgument: Parameter DetailType is not valid. Reason: DetailType is a required argument.",
      "InvalidArgument: Parameter Detail is not valid. Reason: Detail is a required argument.",
      "MalformedDetail: Detail is malformed.",
      "MalformedDetail: Detail is malformed.",
      "NotAuthorizedForSourceException: Not authorized for the source.",
    ],
  );
  await assert.rejects(put("s", { text: "x".repeat(1024 * 1024) }), {
    name: "ValidationException",
    message: "Total size of the entries in the request is over the limit.",
  });
});

test("targets get the event, a part, a constant, or what a template makes of it", async () => {
  const Arn = await telling("/inputs");
  const other = await telling("/template");
  await rule("inputs", { source: ["inputs"] }, [
    { Id: "path", Arn, InputPath: "$.detail.order" },
    { Id: "constant", Arn, Input: '{"constant":true}' },
  ]);
  await rule("templates", { source: ["inputs"] }, [
    {
      Id: "template",
      Arn: other,
      InputTransformer: {
        InputPathsMap: {
          id: "$.detail.order.id",
          order: "$.detail.order",
          none: "$.detail.none",
          items: "$.detail.items[1]",
        },
        InputTemplate:
          '{"id":<id>,"text":"order <id> of <aws.events.rule-name>","order":<order>,"none":"<none>","item":<items>,"rule":<aws.events.rule-arn>,"event":<aws.events.event.json>}',
      },
    },
    {
      Id: "text",
      Arn: other,
      InputTransformer: {
        InputPathsMap: { id: "$.detail.order.id", order: "$.detail.order" },
        InputTemplate: '"order <id> is <order>"',
      },
    },
  ]);
  await put("inputs", { order: { id: "o-1", n: 1.0 }, items: ["a", 2] });
  const inputs = (await recorder.until("/inputs", 2)).map(({ body }) => body).sort();
  assert.deepEqual(inputs, ['{"constant":true}', '{"id":"o-1","n":1}']);
  const templates = (await recorder.until("/template", 2)).map(({ body }) => JSON.parse(body));
  assert.ok(templates.includes("order o-1 is {id:o-1,n:1}"));
  const { event, ...made } = templates.find((one) => typeof one === "object");
  assert.deepEqual(made, {
    id: "o-1",
    text: "order o-1 of templates",
    order: { id: "o-1", n: 1 },
    none: "",
    item: 2,
    rule: `${EVENTS}rule/templates`,
  });
  assert.deepEqual(event.detail, { order: { id: "o-1", n: 1 }, items: ["a", 2] });
});

test("queues with message groups and log groups are targets, and who may not be reached leaves a dead letter", async () => {
  const sqs = new SQSClient(settings());
  const logs = new CloudWatchLogsClient(settings());
  const queue = async (QueueName: string, Attributes: Record<string, string> = {}) => {
    const arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:${QueueName}`;
    const Statement = [
      { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource: arn },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    const made = await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { ...Attributes, Policy } }));
    return { arn, QueueUrl: made.QueueUrl };
  };
  const receive = async (QueueUrl: string | undefined) => {
    const wanted = { MessageSystemAttributeNames: ["All" as const], MessageAttributeNames: ["All"] };
    for (;;) {
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, ...wanted }));
      if (Messages?.[0]) return Messages[0];
    }
  };
  const fifo = await queue("grouped.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
  const letters = await queue("event-letters");
  const logGroupName = "/aws/events/all";
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  const group = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:${logGroupName}`;
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/events`;
  const nowhere = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:nowhere`;
  await rule("kinds", { source: ["kinds"] }, [
    { Id: "fifo", Arn: fifo.arn, SqsParameters: { MessageGroupId: "orders" }, InputPath: "$.detail" },
    { Id: "logs", Arn: group, RoleArn },
    { Id: "nowhere", Arn: nowhere, DeadLetterConfig: { Arn: letters.arn }, Input: "5" },
  ]);
  const { Entries } = await put("kinds", { n: 1 });
  const message = await receive(fifo.QueueUrl);
  assert.equal(message.Body, '{"n":1}');
  assert.equal(message.Attributes?.MessageGroupId, "orders");
  const letter = await receive(letters.QueueUrl);
  assert.equal(JSON.parse(letter.Body ?? "").id, Entries?.[0]?.EventId, "the event itself, not the target's input");
  const attributes = Object.entries(letter.MessageAttributes ?? {}).map(([name, value]) => [name, value.StringValue]);
  const { ERROR_MESSAGE, ...told } = Object.fromEntries(attributes);
  assert.ok(ERROR_MESSAGE);
  assert.deepEqual(told, {
    RULE_ARN: `${EVENTS}rule/kinds`,
    TARGET_ARN: nowhere,
    ERROR_CODE: told.ERROR_CODE,
    RETRY_ATTEMPTS: "0",
  });
  assert.match(told.ERROR_CODE, /^(NO_PERMISSIONS|RESOURCE_NOT_FOUND)$/);
  for (;;) {
    const { events: logged = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    if (logged.length === 0) continue;
    assert.equal(JSON.parse(logged[0]?.message ?? "").id, Entries?.[0]?.EventId);
    break;
  }
  sqs.destroy();
  logs.destroy();
});

test("an event goes from bus to bus as the same event, and on to no third", async () => {
  for (const Name of ["first", "second", "third"]) await events.send(new CreateEventBusCommand({ Name }));
  const bus = (name: string) => `${EVENTS}event-bus/${name}`;
  const [second, third] = await Promise.all([telling("/second"), telling("/third")]);
  await rule("on", { source: ["hop"] }, [{ Id: "1", Arn: bus("second") }], "first");
  await rule(
    "here",
    { source: ["hop"] },
    [
      { Id: "1", Arn: second },
      { Id: "2", Arn: bus("third") },
    ],
    "second",
  );
  await rule("there", { source: [{ prefix: "" }] }, [{ Id: "1", Arn: third }], "third");
  const { Entries } = await put("hop", {}, { EventBusName: "first" });
  assert.equal((await recorder.json("/second")).id, Entries?.[0]?.EventId);
  await put("direct", {}, { EventBusName: bus("third") });
  assert.equal((await recorder.json("/third")).source, "direct");
});

test("a rule that is disabled matches nothing until it is enabled", async () => {
  const Arn = await telling("/switched");
  await rule("switched", { source: ["switch"] }, [{ Id: "1", Arn }]);
  await events.send(new DisableRuleCommand({ Name: "switched" }));
  assert.equal((await events.send(new DescribeRuleCommand({ Name: "switched" }))).State, "DISABLED");
  await put("switch", { n: 1 });
  await events.send(new EnableRuleCommand({ Name: "switched" }));
  await put("switch", { n: 2 });
  assert.deepEqual((await recorder.json("/switched")).detail, { n: 2 });
  await events.send(new PutRuleCommand({ Name: "switched", EventPattern: '{"source":["other"]}', State: "ENABLED" }));
  await put("switch", { n: 3 });
  await put("other", { n: 4 });
  assert.deepEqual(JSON.parse((await recorder.until("/switched", 2))[1]?.body ?? "").detail, { n: 4 });
});

test("an API destination is called with what its connection and its target say", async () => {
  const oauth = {
    ClientParameters: { ClientID: "me", ClientSecret: "hush-hush" },
    AuthorizationEndpoint: `${recorder.url}/token`,
    HttpMethod: "POST" as const,
  };
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name: "door",
      AuthorizationType: "OAUTH_CLIENT_CREDENTIALS",
      AuthParameters: {
        OAuthParameters: oauth,
        InvocationHttpParameters: {
          HeaderParameters: [{ Key: "x-secret", Value: "hidden", IsValueSecret: true }],
          BodyParameters: [{ Key: "added", Value: "yes" }],
        },
      },
    }),
  );
  const { AuthParameters } = await events.send(new DescribeConnectionCommand({ Name: "door" }));
  assert.ok(!JSON.stringify(AuthParameters).includes("hush-hush"));
  assert.ok(!JSON.stringify(AuthParameters).includes("hidden"));
  const { ApiDestinationArn } = await events.send(
    new CreateApiDestinationCommand({
      Name: "api",
      ConnectionArn,
      InvocationEndpoint: `${recorder.url}/api/*`,
      HttpMethod: "PUT",
    }),
  );
  await rule("api", { source: ["api"] }, [
    {
      Id: "1",
      Arn: ApiDestinationArn,
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/call`,
      InputPath: "$.detail",
      HttpParameters: { PathParameterValues: ["pets"], QueryStringParameters: { page: "2" } },
    },
  ]);
  await put("api", { name: "Rex" });
  const [call] = await recorder.until("/api/pets");
  assert.equal(call?.method, "PUT");
  assert.equal(call?.path, "/api/pets?page=2");
  assert.equal(call?.headers.authorization, "Bearer opensesame");
  assert.equal(call?.headers["x-secret"], "hidden");
  assert.deepEqual(JSON.parse(call?.body ?? ""), { name: "Rex", added: "yes" });
});

test("what an archive kept is sent again, marked with the replay, to the rules that are named", async () => {
  const [all, chosen] = await Promise.all([telling("/all"), telling("/chosen")]);
  await events.send(new CreateEventBusCommand({ Name: "past" }));
  await rule("all", { source: ["past"], "replay-name": [{ exists: false }] }, [{ Id: "1", Arn: all }], "past");
  await rule("chosen", { source: ["past"], "replay-name": [{ exists: true }] }, [{ Id: "1", Arn: chosen }], "past");
  await events.send(
    new CreateArchiveCommand({
      ArchiveName: "kept",
      EventSourceArn: `${EVENTS}event-bus/past`,
      EventPattern: '{"detail":{"keep":[true]}}',
      RetentionDays: 1,
    }),
  );
  await put("past", { keep: true, n: 1 }, { EventBusName: "past" });
  await put("past", { keep: false, n: 2 }, { EventBusName: "past" });
  await recorder.until("/all", 2);
  assert.equal((await events.send(new DescribeArchiveCommand({ ArchiveName: "kept" }))).EventCount, 1);
  const replay = {
    ReplayName: "again",
    EventSourceArn: `${EVENTS}archive/kept`,
    EventStartTime: new Date(Date.now() - 3_600_000),
    EventEndTime: new Date(Date.now() + 3_600_000),
    Destination: { Arn: `${EVENTS}event-bus/past`, FilterArns: [`${EVENTS}rule/past/chosen`] },
  };
  await events.send(new StartReplayCommand(replay));
  const event = await recorder.json("/chosen");
  assert.equal(event["replay-name"], "again");
  assert.deepEqual(event.detail, { keep: true, n: 1 });
  assert.equal((await events.send(new DescribeReplayCommand({ ReplayName: "again" }))).ReplayName, "again");
  await assert.rejects(events.send(new StartReplayCommand(replay)), { name: "ResourceAlreadyExistsException" });
  const backwards = { ...replay, ReplayName: "backwards", EventEndTime: replay.EventStartTime };
  await assert.rejects(events.send(new StartReplayCommand(backwards)), {
    name: "ValidationException",
    message: "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
  });
  await assert.rejects(events.send(new CancelReplayCommand({ ReplayName: "none" })), {
    name: "ResourceNotFoundException",
    message: "Replay none does not exist.",
  });
});

test("patterns are tested as EventBridge tests them", async () => {
  const event = {
    id: "1",
    source: "s",
    account: ACCOUNT,
    time: "t",
    region: "r",
    "detail-type": "d",
    detail: { a: 1 },
  };
  const ask = async (pattern: unknown, of: unknown = event) => {
    const EventPattern = JSON.stringify(pattern);
    return (await events.send(new TestEventPatternCommand({ EventPattern, Event: JSON.stringify(of) }))).Result;
  };
  assert.equal(await ask({ detail: { a: [1] } }), true);
  assert.equal(await ask({ detail: { a: [2] } }), false);
  await assert.rejects(ask({ detail: 5 }), {
    name: "InvalidEventPatternException",
    message:
      'Event pattern is not valid. Reason: "detail" must be an object or an array\n at [Source: (String)"{"detail":5}"; line: 1, column: 12]',
  });
  await assert.rejects(ask({ detail: { a: [1] } }, { detail: {} }), { name: "ValidationException" });
});

test("what does not exist, exists already, or is wrong is refused in AWS's words", async () => {
  const refused = async (call: Promise<unknown>, name: string, message: string): Promise<void> => {
    await assert.rejects(call, { name, message });
  };
  const missing = "ResourceNotFoundException";
  const invalid = "ValidationException";
  await refused(events.send(new DescribeEventBusCommand({ Name: "none" })), missing, "Event bus none does not exist.");
  await refused(
    events.send(new DescribeRuleCommand({ Name: "none" })),
    missing,
    "Rule none does not exist on EventBus default.",
  );
  await refused(
    events.send(new CreateEventBusCommand({ Name: "default" })),
    "ResourceAlreadyExistsException",
    "Event bus default already exists.",
  );
  await refused(
    events.send(new DeleteEventBusCommand({ Name: "default" })),
    invalid,
    "Cannot delete event bus default.",
  );
  await refused(
    events.send(new PutRuleCommand({ Name: "neither" })),
    invalid,
    "Parameter(s) EventPattern or ScheduleExpression must be specified.",
  );
  await refused(
    events.send(new PutRuleCommand({ Name: "never", ScheduleExpression: "rate(1 minutes)" })),
    invalid,
    "Parameter ScheduleExpression is not valid.",
  );
  await events.send(new PutRuleCommand({ Name: "bad", EventPattern: '{"source":["x"]}' }));
  const target = async (more: Partial<Target>): Promise<unknown> =>
    events.send(
      new PutTargetsCommand({ Rule: "bad", Targets: [{ Id: "t", Arn: "arn:aws:lambda:r:a:function:f", ...more }] }),
    );
  await refused(
    target({ Arn: "x" }),
    invalid,
    "Parameter x is not valid. Reason: Provided Arn is not in correct format.",
  );
  await refused(
    target({ Arn: "arn:aws:sqs:us-east-1:000000000000:q.fifo" }),
    invalid,
    "Parameter(s) SqsParameters must be specified for target: t.",
  );
  await refused(
    target({ Input: "{}", InputPath: "$" }),
    invalid,
    "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
  );
  await assert.rejects(target({ InputTransformer: { InputTemplate: "not quoted" } }), {
    name: invalid,
    message: /^Invalid InputTemplate for target t : /,
  });
  const six = [1, 2, 3, 4, 5, 6].map((id) => ({ Id: String(id), Arn: "arn:aws:lambda:r:a:function:f" }));
  await refused(
    events.send(new PutTargetsCommand({ Rule: "bad", Targets: six })),
    "LimitExceededException",
    "The requested resource exceeds the maximum number allowed.",
  );
  await events.send(new PutTargetsCommand({ Rule: "bad", Targets: six.slice(1) }));
  await refused(
    events.send(new DeleteRuleCommand({ Name: "bad" })),
    invalid,
    "Rule can't be deleted since it has targets.",
  );
  const removed = await events.send(new RemoveTargetsCommand({ Rule: "bad", Ids: ["2", "3", "4", "5", "6", "7"] }));
  assert.equal(removed.FailedEntryCount, 1);
  await events.send(new DeleteRuleCommand({ Name: "bad" }));
});

test("lists come in pages, with tags, policies and names by target", async () => {
  await events.send(new CreateEventBusCommand({ Name: "listed", Tags: [{ Key: "a", Value: "1" }] }));
  const names = ["one", "two", "three"];
  for (const Name of names) {
    const of = { Name, EventBusName: "listed" };
    await events.send(new PutRuleCommand({ ...of, EventPattern: '{"source":["x"]}' }));
  }
  const seen: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await events.send(new ListRulesCommand({ EventBusName: "listed", Limit: 1, NextToken }));
    assert.equal(page.Rules?.length, 1);
    seen.push(page.Rules?.[0]?.Name);
    NextToken = page.NextToken;
  } while (NextToken);
  assert.deepEqual(seen, names.toSorted());
  const Arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  await events.send(new PutTargetsCommand({ Rule: "two", EventBusName: "listed", Targets: [{ Id: "x", Arn }] }));
  const byTarget = new ListRuleNamesByTargetCommand({ TargetArn: Arn, EventBusName: "listed" });
  assert.deepEqual((await events.send(byTarget)).RuleNames, ["two"]);
  const targets = await events.send(new ListTargetsByRuleCommand({ Rule: "two", EventBusName: "listed" }));
  assert.deepEqual(targets.Targets, [{ Id: "x", Arn }]);
  const ResourceARN = `${EVENTS}event-bus/listed`;
  await events.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "b", Value: "2" }] }));
  await events.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
  assert.deepEqual((await events.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags, [
    { Key: "b", Value: "2" },
  ]);
  const permission = { EventBusName: "listed", StatementId: "them", Action: "events:PutEvents" };
  await events.send(new PutPermissionCommand({ ...permission, Principal: "111111111111" }));
  const { Policy = "" } = await events.send(new DescribeEventBusCommand({ Name: "listed" }));
  assert.equal(JSON.parse(Policy).Statement[0].Principal.AWS, "arn:aws:iam::111111111111:root");
  await events.send(new RemovePermissionCommand({ EventBusName: "listed", StatementId: "them" }));
  assert.equal((await events.send(new DescribeEventBusCommand({ Name: "listed" }))).Policy, undefined);
  const buses = await events.send(new ListEventBusesCommand({ NamePrefix: "list" }));
  assert.deepEqual(
    buses.EventBuses?.map(({ Name }) => Name),
    ["listed"],
  );
});
