/** Scheduler through the SDK of JavaScript: schedules that fire, once, and what they send. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { TestRegion } from "../../test-region.ts";
import { Recorder, TELLING } from "../recorder.ts";

const ACCOUNT = "000000000000";
const RoleArn = `arn:aws:iam::${ACCOUNT}:role/scheduler`;
const SCHEDULE = `arn:aws:scheduler:us-east-1:${ACCOUNT}:schedule/default/`;

let region: TestRegion;
let recorder: Recorder;
let scheduler: SchedulerClient;

before(async () => {
  [region, recorder] = await Promise.all([TestRegion.start(), Recorder.start()]);
  connect();
});

after(async () => {
  scheduler.destroy();
  await region.stop();
  await recorder[Symbol.asyncDispose]();
});

const settings = () => ({
  endpoint: region.url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
});

function connect(): void {
  scheduler = new SchedulerClient(settings());
}

async function telling(path: string): Promise<string> {
  const more = { Environment: { Variables: { RECORDER: recorder.url + path } } };
  const name = await region.deploy({ runtime: "nodejs22.x", zip: TELLING, more });
  return `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
}

function create(Name: string, Arn: string, more: Partial<CreateScheduleCommandInput> = {}) {
  return scheduler.send(
    new CreateScheduleCommand({
      Name,
      ScheduleExpression: "rate(1 day)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn, RoleArn },
      ...more,
    }),
  );
}

/** So many seconds from now, as `at` has it. */
const at = (seconds: number): string =>
  `at(${new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toISOString().slice(0, 19)})`;

test("a rate begins at once, with the event that AWS sends, and with no permission but the role's", async () => {
  const Arn = await telling("/rate");
  const { ScheduleArn } = await create("rate", Arn);
  assert.equal(ScheduleArn, `${SCHEDULE}rate`);
  const { id, time, ...event } = await recorder.json("/rate");
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(event, {
    version: "0",
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: ACCOUNT,
    region: "us-east-1",
    resources: [ScheduleArn],
    detail: "{}",
  });
});

test("a schedule at a time fires at that time, with its placeholders filled in, and deletes itself", async () => {
  const Arn = await telling("/at");
  const ScheduleExpression = at(1);
  const Input =
    '{"arn":"<aws.scheduler.schedule-arn>","time":"<aws.scheduler.scheduled-time>","attempt":"<aws.scheduler.attempt-number>","id":"<aws.scheduler.execution-id>"}';
  await create("once", Arn, { ScheduleExpression, ActionAfterCompletion: "DELETE", Target: { Arn, RoleArn, Input } });
  const { id, ...sent } = await recorder.json("/at");
  assert.deepEqual(sent, { arn: `${SCHEDULE}once`, time: `${ScheduleExpression.slice(3, -1)}Z`, attempt: "1" });
  assert.match(String(id), /^[0-9a-f]{16}$/);
  const isGone = () =>
    scheduler.send(new GetScheduleCommand({ Name: "once" })).then(
      () => false,
      () => true,
    );
  while (!(await isGone())) await new Promise(setImmediate);
});

test("buses and universal targets get what their parameters say", async () => {
  const events = new EventBridgeClient(settings());
  const Arn = await telling("/universal");
  await region.lambda.send(
    new AddPermissionCommand({
      FunctionName: Arn,
      StatementId: "events",
      Action: "lambda:InvokeFunction",
      Principal: "events.amazonaws.com",
    }),
  );
  await events.send(new PutRuleCommand({ Name: "from-scheduler", EventPattern: '{"source":["my.scheduler"]}' }));
  await events.send(new PutTargetsCommand({ Rule: "from-scheduler", Targets: [{ Id: "1", Arn }] }));
  events.destroy();
  const bus = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`;
  const EventBridgeParameters = { Source: "my.scheduler", DetailType: "templated" };
  await create("bus", bus, { Target: { Arn: bus, RoleArn, EventBridgeParameters, Input: '{"n":1}' } });
  const putEvents = "arn:aws:scheduler:::aws-sdk:eventbridge:putEvents";
  const entry = { Source: "my.scheduler", DetailType: "universal", Detail: '{"n":2}' };
  await create("put", putEvents, { Target: { Arn: putEvents, RoleArn, Input: JSON.stringify({ Entries: [entry] }) } });
  const invoke = "arn:aws:scheduler:::aws-sdk:lambda:invoke";
  const Input = JSON.stringify({ FunctionName: Arn, InvocationType: "Event", Payload: '{"n":3}' });
  await create("invoke", invoke, { Target: { Arn: invoke, RoleArn, Input } });
  const seen = (await recorder.until("/universal", 3)).map(({ body }) => JSON.parse(body));
  const shown = seen.map((event) => `${event["detail-type"]} ${event.detail?.n ?? event.n}`).sort();
  assert.deepEqual(shown, ["templated 1", "undefined 3", "universal 2"]);
});

test("a tick that comes while the region is down fires once, when it is up again", async () => {
  const Arn = await telling("/missed");
  const ScheduleExpression = at(1);
  await create("missed", Arn, { ScheduleExpression });
  await region.kill();
  const dueMs = Date.parse(`${ScheduleExpression.slice(3, -1)}Z`);
  while (Date.now() <= dueMs) await delay(dueMs - Date.now() + 1);
  await region.startAgain();
  scheduler.destroy();
  connect();
  await recorder.until("/missed");
  await region.restart();
  scheduler.destroy();
  connect();
  await create("later", Arn, { Target: { Arn, RoleArn, Input: '"later"' } });
  const seen = await recorder.until("/missed", 2);
  assert.equal(seen[1]?.body, '"later"');
});

test("schedules are shown as they were made, changed as a whole, listed in pages and deleted with their group", async () => {
  const Arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:queue`;
  await scheduler.send(new CreateScheduleGroupCommand({ Name: "night", Tags: [{ Key: "a", Value: "1" }] }));
  const far = { ScheduleExpression: "cron(0 3 ? * MON-FRI 2199)", GroupName: "night" };
  await create("one", Arn, { ...far, ScheduleExpressionTimezone: "Europe/Berlin", Description: "first" });
  await create("two", Arn, { ...far, FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 15 } });
  const one = await scheduler.send(new GetScheduleCommand({ Name: "one", GroupName: "night" }));
  assert.equal(one.Arn, `arn:aws:scheduler:us-east-1:${ACCOUNT}:schedule/night/one`);
  assert.equal(one.ScheduleExpressionTimezone, "Europe/Berlin");
  assert.deepEqual(one.Target?.RetryPolicy, { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
  const update = { Name: "one", Target: { Arn, RoleArn }, FlexibleTimeWindow: { Mode: "OFF" as const } };
  await scheduler.send(new UpdateScheduleCommand({ ...far, ...update }));
  const changed = await scheduler.send(new GetScheduleCommand({ Name: "one", GroupName: "night" }));
  assert.equal(changed.Description, undefined);
  assert.equal(changed.ScheduleExpressionTimezone, "UTC");
  assert.deepEqual(changed.CreationDate, one.CreationDate);
  const first = await scheduler.send(new ListSchedulesCommand({ GroupName: "night", MaxResults: 1 }));
  assert.deepEqual(
    first.Schedules?.map(({ Name }) => Name),
    ["one"],
  );
  const second = await scheduler.send(new ListSchedulesCommand({ GroupName: "night", NextToken: first.NextToken }));
  assert.deepEqual(
    second.Schedules?.map(({ Name }) => Name),
    ["two"],
  );
  const group = await scheduler.send(new GetScheduleGroupCommand({ Name: "night" }));
  const ResourceArn = group.Arn;
  await scheduler.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: "b", Value: "2" }] }));
  await scheduler.send(new UntagResourceCommand({ ResourceArn, TagKeys: ["a"] }));
  const { Tags } = await scheduler.send(new ListTagsForResourceCommand({ ResourceArn }));
  assert.deepEqual(Tags, [{ Key: "b", Value: "2" }]);
  await scheduler.send(new DeleteScheduleCommand({ Name: "two", GroupName: "night" }));
  await scheduler.send(new DeleteScheduleGroupCommand({ Name: "night" }));
  const { ScheduleGroups } = await scheduler.send(new ListScheduleGroupsCommand({}));
  assert.deepEqual(
    ScheduleGroups?.map(({ Name }) => Name),
    ["default"],
  );
});

test("what does not exist, exists already, or is wrong is refused in AWS's words", async () => {
  const Arn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;
  const refused = (call: Promise<unknown>, name: string, message: string | RegExp) =>
    assert.rejects(call, { name, message });
  const far = { ScheduleExpression: "cron(0 3 ? * * 2199)" };
  await create("there", Arn, far);
  await refused(create("there", Arn, far), "ConflictException", "Schedule there already exists.");
  await refused(
    scheduler.send(new GetScheduleCommand({ Name: "none" })),
    "ResourceNotFoundException",
    "Schedule none does not exist.",
  );
  await refused(
    create("x", Arn, { ...far, GroupName: "none" }),
    "ResourceNotFoundException",
    "Schedule group none does not exist.",
  );
  for (const ScheduleExpression of ["cron(0 1 * * * *)", "rate(10 seconds)", "at(2021-12-31)"]) {
    await refused(
      create("x", Arn, { ScheduleExpression }),
      "ValidationException",
      `Invalid Schedule Expression ${ScheduleExpression}.`,
    );
  }
  await refused(create("x", "nonsense", far), "ValidationException", /Provided Arn is not in correct format/);
  await refused(
    create("x", Arn, { ...far, StartDate: new Date(0) }),
    "ValidationException",
    "The StartDate you specify cannot be earlier than 5 minutes ago.",
  );
  await refused(
    create("x", "arn:aws:scheduler:::aws-sdk:ec2:stopInstances", far),
    "ValidationException",
    /not served by this region/,
  );
  await refused(
    scheduler.send(new DeleteScheduleGroupCommand({ Name: "default" })),
    "ValidationException",
    /default schedule group/,
  );
});
