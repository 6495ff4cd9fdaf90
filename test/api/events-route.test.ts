/** `/_alonzo/events` and `alonzo events`: what waits and what was given up, in a real region. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { InvokeCommand, UpdateFunctionCodeCommand } from "@aws-sdk/client-lambda";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { AlonzoCommand } from "../e2e/alonzo-command.ts";
import { TestRegion } from "../test-region.ts";
import { settled } from "./lambda/given.ts";
import { zipOf } from "./lambda/zip.ts";

const FAILING = zipOf({ "index.mjs": "export const handler = async () => { throw new Error('no'); };" });
const WORKING = zipOf({ "index.mjs": "export const handler = async () => 1;" });

let region: TestRegion;
let name: string;
before(async () => {
  region = await TestRegion.start("process", { ALONZO_ASYNC_RETRY_DELAYS: "0,0" });
  name = await region.deploy({ runtime: "nodejs26.x", zip: FAILING });
});
after(() => region.stop());

async function call(method: string, path: string, credentials?: { accessKeyId: string; secretAccessKey: string }) {
  const url = region.url + path;
  const answer = await fetch(url, { method, headers: await signHeaders(method, url, {}, "", credentials) });
  // biome-ignore lint/suspicious/noExplicitAny: each answer has a form of its own
  return { status: answer.status, ...((await answer.json()) as any) };
}

async function sendFailing(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const invocation = { FunctionName: name, InvocationType: "Event", Payload: Buffer.from(`{"n":${n}}`) } as const;
    const { $metadata } = await region.lambda.send(new InvokeCommand(invocation));
    ids.push($metadata.requestId ?? "");
  }
  while ((await call("GET", `/_alonzo/events?functionName=${name}&failed=1`)).events.length < count);
  return ids;
}

test("events that were given up are listed, shown, tried anew and dropped", async () => {
  const ids = await sendFailing(3);
  const { events, counters, below } = await call("GET", `/_alonzo/events?functionName=${name}`);
  assert.deepEqual(events.map(({ id }: { id: string }) => id).sort(), ids.toSorted());
  assert.equal(below, undefined);
  assert.deepEqual([counters.received, counters.dropped], [3, 3]);
  const id = ids[0] as string;
  const { receivedAt, failedAt, answer, status, ...shown } = await call("GET", `/_alonzo/events/${id}`);
  assert.equal(status, 200);
  assert.ok(failedAt >= receivedAt);
  assert.equal(JSON.parse(answer).errorMessage, "no");
  assert.deepEqual(shown, {
    id,
    functionName: name,
    state: "failed",
    attempts: 3,
    condition: "RetriesExhausted",
    errorMessage: "no",
    payloadBytes: 7,
    payload: '{"n":0}',
  });
  assert.equal((await call("DELETE", `/_alonzo/events?id=${ids[2]}`)).dropped, 1);
  assert.equal((await call("GET", `/_alonzo/events/${ids[2]}`)).status, 404);
  await region.kill();
  await region.startAgain();
  await region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: WORKING }));
  await settled(region, name);
  assert.equal((await call("POST", `/_alonzo/events/redrive?functionName=${name}`)).redriven, 2);
  while ((await call("GET", "/_alonzo/events")).events.length > 0);
  assert.equal((await call("GET", "/_alonzo/events")).counters.succeeded, 2);
  await region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: FAILING }));
  await settled(region, name);
});

test("the command line does the same", async (t) => {
  const [id = ""] = await sendFailing(2);
  const at = ["--endpoint", region.url];
  const listed = await AlonzoCommand.run(t, ["events", "list", "--function", name, "--failed", ...at]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.equal(listed.stdout.trimEnd().split("\n").length, 2);
  assert.match(listed.stdout, new RegExp(`${id} +${name} +failed +3 attempts +RetriesExhausted: no`));
  const shown = await AlonzoCommand.run(t, ["events", "show", id, ...at]);
  assert.equal(JSON.parse(shown.stdout).payload, '{"n":0}');
  assert.equal((await AlonzoCommand.run(t, ["events", "drop", id, ...at])).stdout, "1 dropped\n");
  const redriven = await AlonzoCommand.run(t, ["events", "redrive", "--function", name, ...at]);
  assert.equal(redriven.stdout, "1 tried anew\n");
  const missing = await AlonzoCommand.run(t, ["events", "show", id, ...at]);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [1, `alonzo events: ResourceNotFoundException: There is no event ${id}\n`],
  );
  for (const [words, why] of [
    [["events", "redrive"], /missing ID, or --function NAME/],
    [["events", "drop", id, "--function", name], /either an ID or --function, not both/],
    [["events", "lost"], /takes one of list, show, redrive, drop/],
  ] as const) {
    const refused = await AlonzoCommand.run(t, [...words, ...at]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, why);
  }
});

test("only the administrator sees and changes the queue, and nonsense is refused", async () => {
  for (const [method, path] of [
    ["GET", "/_alonzo/events"],
    ["DELETE", "/_alonzo/events?id=1"],
    ["POST", "/_alonzo/events/redrive?id=1"],
  ] as const) {
    assert.equal((await fetch(region.url + path, { method })).status, 403);
    const wrong = { accessKeyId: "test", secretAccessKey: "wrong" };
    assert.equal((await call(method, path, wrong)).status, 403);
  }
  assert.equal((await call("GET", "/_alonzo/events?below=x")).status, 400);
  assert.equal((await call("DELETE", "/_alonzo/events")).status, 400);
  assert.equal((await call("POST", "/_alonzo/events/redrive")).status, 400);
  assert.equal((await call("GET", "/_alonzo/eventsx")).status, 404);
});
