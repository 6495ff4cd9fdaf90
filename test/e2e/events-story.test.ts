/** The order events and the cron job of examples/, told by boto3 and by the AWS CLI; over crashes: stories-crash.test.ts. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { buildExample } from "../../examples/build.ts";
import { findExecutable } from "../../src/cli/machine.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { TestRegion } from "../test-region.ts";
import { clientEnvironment, lacksBoto3, tellStory } from "./python-story.ts";

const ACCOUNT = "000000000000";
const RoleArn = `arn:aws:iam::${ACCOUNT}:role/example`;

let region: TestRegion;

before(async () => {
  region = await TestRegion.start();
});

after(() => region.stop());

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
