/**
 * The order events and the cron job of examples/: told by boto3, by the AWS CLI and by the SDK of JavaScript; and told
 * over crashes, at moments that nobody chose.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { buildExample } from "../../examples/build.ts";
import { findExecutable } from "../../src/cli/machine.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { TestRegion } from "../test-region.ts";
import { clientEnvironment, lacksBoto3, tellStory } from "./python-story.ts";

const ACCOUNT = "000000000000";
const ROUNDS = Number(process.env.ALONZO_KILL_ROUNDS ?? 3);
const RoleArn = `arn:aws:iam::${ACCOUNT}:role/example`;

let region: TestRegion;

before(async () => {
  region = await TestRegion.start();
});

after(() => region.stop());

const settings = () => ({
  endpoint: region.url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
});

/** A queue that EventBridge may send to. */
async function queue(sqs: SQSClient, QueueName: string): Promise<{ QueueUrl: string; arn: string }> {
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName }));
  const arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:${QueueName}`;
  const Principal = { Service: "events.amazonaws.com" };
  const Statement = [{ Effect: "Allow", Principal, Action: "sqs:SendMessage", Resource: arn }];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  return { QueueUrl, arn };
}

/** Bodies of messages, until there are no more to wait for. */
async function drain(sqs: SQSClient, QueueUrl: string, isEnough: (bodies: readonly string[]) => boolean) {
  const bodies: string[] = [];
  while (!isEnough(bodies)) {
    const more = { MaxNumberOfMessages: 10, WaitTimeSeconds: 2 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...more }));
    if (Messages.length === 0) continue;
    bodies.push(...Messages.map(({ Body = "" }) => Body));
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  return bodies;
}

test("boto3 tells the stories of order events and of a cron job", async (t) => {
  if (lacksBoto3(t)) return;
  const python = (await Runtimes.discover()).list().find(({ runtime }) => runtime.startsWith("python"))?.runtime;
  if (python === undefined) return t.skip("no Python on this machine");
  const zips = await Promise.all([buildExample("order-events"), buildExample("cron")]);
  await tellStory(t, region, "events_story.py", [...zips, python]);
});

test("the AWS CLI makes rules and schedules, and shows them", async (t) => {
  const cli = findExecutable("aws");
  if (cli === undefined && process.env.CI) assert.fail("the AWS CLI is not installed");
  if (cli === undefined) return t.skip("the AWS CLI is not installed");
  const aws = async (...args: readonly string[]) => {
    // Debian's version is older than AWS_ENDPOINT_URL.
    const argv = ["--endpoint-url", region.url, "--output", "json", ...args];
    const { stdout } = await promisify(execFile)(cli, argv, { env: clientEnvironment(region) });
    return stdout === "" ? undefined : JSON.parse(stdout);
  };
  const pattern = '{"detail":{"total":[{"numeric":[">",100]}]}}';
  await aws("events", "put-rule", "--name", "cli", "--event-pattern", pattern, "--state", "DISABLED");
  const { Rules } = await aws("events", "list-rules", "--name-prefix", "cli");
  assert.deepEqual([Rules[0].State, Rules[0].EventPattern], ["DISABLED", pattern]);
  const entry = "Source=shop,DetailType=order,Detail='{}'";
  assert.equal((await aws("events", "put-events", "--entries", entry)).FailedEntryCount, 0);
  const target = `{"Arn":"arn:aws:lambda:us-east-1:${ACCOUNT}:function:f","RoleArn":"${RoleArn}"}`;
  const schedule = ["--name", "cli", "--schedule-expression", "cron(0 3 ? * 2#1 *)", "--target", target];
  await aws("scheduler", "create-schedule", ...schedule, "--flexible-time-window", "Mode=OFF");
  const shown = await aws("scheduler", "get-schedule", "--name", "cli");
  assert.deepEqual([shown.State, shown.ScheduleExpression], ["ENABLED", "cron(0 3 ? * 2#1 *)"]);
});

test("what PutEvents accepted arrives, and schedules fire once, whenever the region is killed", async (t) => {
  const sqs = new SQSClient(settings());
  const orders = await queue(sqs, "crash-orders");
  const ticks = await queue(sqs, "crash-ticks");
  sqs.destroy();
  let events = new EventBridgeClient(settings());
  await events.send(new CreateEventBusCommand({ Name: "crash" }));
  const on = { EventBusName: "crash" };
  await events.send(new PutRuleCommand({ ...on, Name: "all", EventPattern: '{"source":["crash"]}' }));
  const target = { Id: "1", Arn: orders.arn, InputPath: "$.detail.n" };
  await events.send(new PutTargetsCommand({ ...on, Rule: "all", Targets: [target] }));
  const accepted: string[] = [];
  const scheduled: string[] = [];
  let next = 0;

  for (let round = 0; round < ROUNDS; round++) {
    const scheduler = new SchedulerClient(settings());
    const dueMs = Math.ceil(Date.now() / 1000 + 1) * 1000;
    const Name = `tick-${round}`;
    const Target = { Arn: ticks.arn, RoleArn, Input: Name };
    const ScheduleExpression = `at(${new Date(dueMs).toISOString().slice(0, 19)})`;
    const FlexibleTimeWindow = { Mode: "OFF" as const };
    await scheduler.send(new CreateScheduleCommand({ Name, ScheduleExpression, Target, FlexibleTimeWindow }));
    scheduled.push(Name);
    scheduler.destroy();
    let isKilled = false;
    const putting = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!isKilled) {
          const n = `n${next++}`;
          const entry = { ...on, Source: "crash", DetailType: "d", Detail: JSON.stringify({ n }) };
          const answer = await events.send(new PutEventsCommand({ Entries: [entry] })).catch(() => undefined);
          if (answer?.FailedEntryCount === 0) accepted.push(JSON.stringify(n));
        }
      }),
    );
    // Around the tick: before it, after it, in the middle of it.
    await delay(dueMs - Date.now() + (Math.random() - 0.5) * 400);
    await region.kill();
    isKilled = true;
    await putting;
    await region.startAgain();
    events.destroy();
    events = new EventBridgeClient(settings());
  }

  events.destroy();
  const again = new SQSClient(settings());
  const seen = new Set<string>();
  await drain(again, orders.QueueUrl, (bodies) => {
    for (const body of bodies) seen.add(body);
    return accepted.every((one) => seen.has(one));
  });
  const fired = await drain(again, ticks.QueueUrl, (bodies) => scheduled.every((name) => bodies.includes(name)));
  again.destroy();
  assert.deepEqual([...new Set(fired)].sort(), scheduled.toSorted());
  t.diagnostic(`${ROUNDS} crashes, ${accepted.length} events accepted and delivered, ${fired.length} ticks`);
});
