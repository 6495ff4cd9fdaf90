/**
 * The same story told by the JavaScript SDK and by boto3, each to a fresh region: what the one parses is compared with what
 * the other parses, for every operation of the API.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-lambda";
import { loadModel } from "../../src/wire/model.ts";
import { createQueue, sqsClient } from "../api/sqs/sqs.ts";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import { SCENARIO, type Step } from "./scenario.ts";
import { Suite } from "./suite.ts";

interface Told {
  readonly output?: unknown;
  readonly error?: readonly [status: number | undefined, name: string, message: string];
}

type Command = ConstructorParameters<typeof sdk.InvokeCommand>[0];

async function toldByJavaScript(): Promise<Told[]> {
  const suite = await Suite.start();
  // The one thing of the story that is no operation of Lambda's.
  await createQueue(sqsClient(suite.region), "queue");
  const answers: Record<string, unknown> = {};
  try {
    const told: Told[] = [];
    for (const step of SCENARIO) told.push(await tell(suite.lambda, step, answers));
    return told;
  } finally {
    await suite.stop();
  }
}

async function tell(client: sdk.LambdaClient, step: Step, answers: Record<string, unknown>): Promise<Told> {
  const commands = sdk as unknown as Record<string, new (input: unknown) => sdk.InvokeCommand>;
  const Command = commands[`${step.operation}Command`];
  assert.ok(Command, step.operation);
  try {
    for (;;) {
      const output = await marked(await client.send(new Command(given(step.input, answers) as Command)));
      if (step.until === undefined || member(output, step.until[0]) === step.until[1]) {
        if (step.as !== undefined) answers[step.as] = output;
        return { output };
      }
      await sleep(20);
    }
  } catch (error) {
    assert.ok(error instanceof sdk.LambdaServiceException, String(error));
    assert.equal(error.name, step.refused, `${step.operation}: ${error.message}`);
    return { error: [error.$metadata.httpStatusCode, error.name, error.message] };
  }
}

async function toldByPython(): Promise<Told[]> {
  const suite = await Suite.start();
  // The one thing of the story that is no operation of Lambda's.
  await createQueue(sqsClient(suite.region), "queue");
  try {
    const story = spawn(PYTHON, [join(import.meta.dirname, "two_clients.py")], { stdio: ["pipe", "pipe", "inherit"] });
    story.stdin.end(JSON.stringify({ endpoint: suite.region.url, steps: SCENARIO }));
    const [told, [code]] = await Promise.all([text(story.stdout), once(story, "exit")]);
    assert.equal(code, 0);
    return JSON.parse(told);
  } finally {
    await suite.stop();
  }
}

function given(value: unknown, answers: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => given(item, answers));
  if (typeof value !== "object" || value === null) return value;
  if ("$bytes" in value) return Buffer.from(String(value.$bytes), "base64");
  if ("$from" in value) return member(answers, String(value.$from));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, given(item, answers)]));
}

function member(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);
}

/** As JSON can carry it, and as boto3 shows it: no metadata, nothing undefined. */
async function marked(value: unknown): Promise<unknown> {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return "a date";
  if (Array.isArray(value)) return Promise.all(value.map(marked));
  if (typeof value !== "object" || value === null) return value;
  if (Symbol.asyncIterator in value) return marked(await Readable.from(value as AsyncIterable<unknown>).toArray());
  const members = Object.entries(value).filter(([key, item]) => key !== "$metadata" && item !== undefined);
  return Object.fromEntries(await Promise.all(members.map(async ([key, item]) => [key, await marked(item)])));
}

const RANDOM: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "a uuid"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+0000)/g, "a time"],
  [/http:\/\/127\.0\.0\.1:\d+\/[^"]*\?[^"]*/g, "a presigned url"],
  [/http:\/\/[0-9a-z]{32}\.lambda-url\.us-east-1\.localhost:\d+\//g, "a function's url"],
  [/csc-[0-9a-f]{17}/g, "a config's id"],
];

function withoutRandom(told: Told): unknown {
  const json = RANDOM.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), JSON.stringify(told));
  // A body that is not there is no bytes to boto3 and null to the other.
  return JSON.parse(json, (_, value) => (value === null || value?.$bytes === "" ? undefined : value));
}

test("boto3 understands of every operation's answer what the JavaScript SDK understands", async (t) => {
  const missing = boto3Missing();
  if (missing !== undefined && process.env.CI) assert.fail(missing);
  if (missing !== undefined) return t.skip(missing);
  const operations = [...loadModel("lambda").operations.keys()];
  const told = new Set(SCENARIO.map(({ operation }) => operation));
  assert.deepEqual(
    operations.filter((operation) => !told.has(operation)),
    [],
    "every operation has its place in the story",
  );
  const [ours, theirs] = [await toldByJavaScript(), await toldByPython()];
  for (const [index, { operation }] of SCENARIO.entries()) {
    const [one, other] = [ours[index] as Told, theirs[index] as Told];
    assert.deepEqual(withoutRandom(other), withoutRandom(one), `step ${index}: ${operation}`);
  }
});
