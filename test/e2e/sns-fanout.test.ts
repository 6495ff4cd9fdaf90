/** One topic, three functions, of two languages: the fan-out of examples/sns-fanout, told by boto3 and by the AWS CLI. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { AddPermissionCommand, PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import { buildExample } from "../../examples/build.ts";
import { findExecutable } from "../../src/cli/machine.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { SnsRegion } from "../api/sns/given.ts";
import { RUNTIMES } from "../test-region.ts";
import { ARN } from "./async-fixture.ts";
import { clientEnvironment, lacksBoto3, tellStory } from "./python-story.ts";

let given: SnsRegion;
let done: { readonly arn: string; readonly url: string };
/** ARNs of those that write invoices, pack, review. */
const functions: string[] = [];

before(async () => {
  given = await SnsRegion.start();
  done = await given.queue();
  const { region } = given;
  const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list();
  const python = installed.find(({ runtime }) => runtime.startsWith("python"))?.runtime;
  if (python === undefined) assert.fail("no Python on this machine");
  const zip = await readFile(await buildExample("sns-fanout"));
  for (const handler of ["index.invoice", "index.pack", "app.review"]) {
    const runtime = handler.startsWith("app") ? python : "nodejs26.x";
    const name = await region.deploy({ runtime, handler, zip });
    const permission = { FunctionName: name, StatementId: "sns", Action: "lambda:InvokeFunction" };
    await region.lambda.send(new AddPermissionCommand({ ...permission, Principal: "sns.amazonaws.com" }));
    const DestinationConfig = { OnSuccess: { Destination: done.arn } };
    await region.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: name, DestinationConfig }));
    functions.push(ARN + name);
  }
});
after(() => given.stop());

test("boto3 fans orders out to three functions, each by its filter policy, with SNS's event to the letter", async (t) => {
  if (lacksBoto3(t)) return;
  await tellStory(t, given.region, "sns_fanout.py", [...functions, done.url]);
});

test("the AWS CLI makes the same fan-out, publishes and takes it down", async (t) => {
  const cli = findExecutable("aws");
  if (cli === undefined && process.env.CI) assert.fail("the AWS CLI is not installed");
  if (cli === undefined) return t.skip("the AWS CLI is not installed");
  const aws = async (...args: readonly string[]) => {
    // Debian's version is older than AWS_ENDPOINT_URL.
    const argv = ["--endpoint-url", given.region.url, "--output", "json", "sns", ...args];
    const { stdout } = await promisify(execFile)(cli, argv, { env: clientEnvironment(given.region) });
    return JSON.parse(stdout || "{}");
  };
  const { TopicArn: topic } = await aws("create-topic", "--name", "cli-orders", "--attributes", "DisplayName=Orders");
  const policies = [
    { kind: ["placed"] },
    { to: { country: ["de", "fr"] } },
    { total: [{ numeric: [">=", 1000] }], gift: [{ exists: false }] },
  ];
  for (const [index, policy] of policies.entries()) {
    const scope = index === 1 ? "MessageBody" : "MessageAttributes";
    const attributes = { FilterPolicyScope: scope, FilterPolicy: JSON.stringify(policy) };
    const to = ["--protocol", "lambda", "--notification-endpoint", functions[index] ?? ""];
    await aws("subscribe", "--topic-arn", topic, ...to, "--attributes", JSON.stringify(attributes));
  }
  const { Subscriptions: subscriptions } = await aws("list-subscriptions-by-topic", "--topic-arn", topic);
  assert.deepEqual(
    subscriptions.map(({ Endpoint }: { Endpoint: string }) => Endpoint),
    functions,
  );
  const message = JSON.stringify({ id: "c-1", total: 1000, to: { city: "Köln", country: "de" } });
  const attributes = {
    kind: { DataType: "String", StringValue: "placed" },
    total: { DataType: "Number", StringValue: "1e3" },
  };
  const { MessageId: id } = await aws(
    ...["publish", "--topic-arn", topic, "--message", message, "--message-attributes", JSON.stringify(attributes)],
  );
  const answers = (await given.receive(done.url, 3)).map(({ Body = "" }) => JSON.parse(Body).responsePayload[0]);
  const rank = (answer: object) => ["invoice", "packed", "review"].findIndex((name) => name in answer);
  assert.deepEqual(
    answers.toSorted((a, b) => rank(a) - rank(b)),
    [
      { invoice: "c-1", total: 1000 },
      { packed: "c-1", city: "Köln" },
      { review: id, total: 1000 },
    ],
  );
  await aws("delete-topic", "--topic-arn", topic);
  await assert.rejects(aws("publish", "--topic-arn", topic, "--message", "x"), /\(NotFound\).*Topic does not exist/);
});
