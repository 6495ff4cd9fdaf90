/** chalice, AWS's framework for Python, which deploys by API calls alone: unmodified, told an endpoint and nothing else of Alonzo. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
} from "@aws-sdk/client-eventbridge";
import { ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { createQueue, sqsClient } from "../api/sqs/sqs.ts";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import { TestRegion } from "../test-region.ts";
import { call, type UrlRequest } from "./function-url-client.ts";
import { clientEnvironment } from "./python-story.ts";

const SHOP = join(import.meta.dirname, "chalice-shop");
/** As the program `chalice` does. */
const MAIN = "import sys; from chalice.cli import main; sys.exit(main())";
const CONFIG = {
  version: "2.0",
  app_name: "shop",
  manage_iam_role: false,
  iam_role_arn: "arn:aws:iam::000000000000:role/shop",
  stages: { dev: { api_gateway_stage: "api" } },
};

describe("chalice", { skip: process.env.CI ? false : boto3Missing() }, () => {
  let region: TestRegion;
  let directory: string;
  before(async () => {
    region = await TestRegion.start("auto");
    directory = join(region.dataDirectory, "shop");
    cpSync(SHOP, directory, { recursive: true });
    mkdirSync(join(directory, ".chalice"));
    writeFileSync(join(directory, ".chalice", "config.json"), JSON.stringify(CONFIG));
    writeFileSync(join(directory, "requirements.txt"), "");
  });
  after(() => region.stop());

  async function chalice(...args: readonly string[]): Promise<string> {
    const env = clientEnvironment(region);
    const { stdout } = await promisify(execFile)(PYTHON, ["-c", MAIN, ...args], { cwd: directory, env });
    return stdout;
  }

  async function untilLogged(name: string, line: RegExp): Promise<void> {
    while (!line.test(await chalice("logs", "--name", name))) await delay(100);
  }

  test("deploys an API with an authorizer, a worker and a job, deploys them again, and takes them away", async () => {
    const sqs = sqsClient(region);
    const QueueUrl = await createQueue(sqs, "chalice-orders", { VisibilityTimeout: "60" });
    const [, api = ""] = /https:\/\/(\w+)\.execute-api/.exec(await chalice("deploy")) ?? [];
    const ask = async (path: string, request: UrlRequest = {}) => {
      const answer = await call(region.url, { ...request, path: `/_apis/${api}/api${path}` });
      return { ...answer, document: JSON.parse(answer.body.toString() || "null") };
    };
    assert.deepEqual((await ask("/orders/17?a=b")).document, { order: "17", query: { a: "b" } });
    const preflight = await ask("/orders/17", { method: "OPTIONS" });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [200, "*"]);
    const place = (token: string) =>
      ask("/orders", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: token },
        body: '{"order":5}',
      });
    assert.equal((await place("please")).status, 403);
    assert.deepEqual((await place("let me in")).document, { placed: 5 });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "order 5" }));
    sqs.destroy();
    await untilLogged("work", /worked on order 5/);
    await assertScheduled();

    const again = await chalice("deploy");
    assert.match(again, new RegExp(`https://${api}\\.execute-api`));
    assert.deepEqual((await ask("/orders/18")).document, { order: "18", query: null });
    await chalice("delete");
    assert.deepEqual((await region.lambda.send(new ListFunctionsCommand({}))).Functions, []);
    assert.equal((await ask("/orders/18")).status, 403);
  });

  async function assertScheduled(): Promise<void> {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const events = new EventBridgeClient({ endpoint: region.url, region: "us-east-1", credentials });
    const { Rules: [rule] = [] } = await events.send(new ListRulesCommand({}));
    const { ScheduleExpression } = await events.send(new DescribeRuleCommand({ Name: rule?.Name }));
    const { Targets: [target] = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: rule?.Name }));
    events.destroy();
    assert.equal(ScheduleExpression, "rate(1 minute)");
    assert.match(target?.Arn ?? "", /:function:shop-dev-tick$/);
  }
});
