/** Execution environments as an operator sees them: listed, ended, and made cold, by API and by command line. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { PublishVersionCommand, PutProvisionedConcurrencyConfigCommand } from "@aws-sdk/client-lambda";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { AlonzoCommand } from "./alonzo-command.ts";

interface Entry {
  readonly id: string;
  readonly functionName: string;
  readonly version: string;
  readonly state: string;
  readonly [figure: string]: unknown;
}

const CODE = `
  import { randomUUID } from "node:crypto";
  const id = randomUUID();
  export const handler = async ({ ms = 0 }) => { await new Promise((resolve) => setTimeout(resolve, ms)); return id; };
`;

let region: TestRegion;
before(async () => {
  region = await TestRegion.start("auto");
});
after(() => region.stop());

const deploy = () => region.deploy({ runtime: "nodejs26.x", zip: zipOf({ "index.mjs": CODE }) });

async function ask(method: "GET" | "POST" | "DELETE", query: Record<string, string>, path = "") {
  const search = new URLSearchParams(query).toString();
  const url = `${region.url}/_alonzo/environments${path}${search && `?${search}`}`;
  const answer = await fetch(url, { method, headers: await signHeaders(method, url, {}, "") });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

async function list(functionName: string): Promise<Entry[]> {
  return (await ask("GET", { functionName })).body.environments;
}

async function untilListed(functionName: string, isIt: (entries: Entry[]) => boolean): Promise<Entry[]> {
  for (;;) {
    const entries = await list(functionName);
    if (isIt(entries)) return entries;
  }
}

test("an environment is listed with what it is and has done", async () => {
  const name = await deploy();
  assert.deepEqual(await list(name), []);
  await region.invoke(name);
  const [frozen] = await untilListed(name, ([entry]) => entry?.state === "frozen");
  assert.ok(frozen);
  const { id, driver, createdAt, lastUsedAt, maxMemoryUsedMb, ...rest } = frozen;
  assert.deepEqual(rest, {
    functionName: name,
    version: "$LATEST",
    state: "frozen",
    initializationType: "on-demand",
    provisioned: false,
    invocations: 1,
    memoryMb: 256,
  });
  assert.match(id, /^env-[0-9a-f]{16}$/);
  assert.ok(["container", "process"].includes(driver as string));
  assert.ok(Date.parse(createdAt as string) <= Date.parse(lastUsedAt as string));
  assert.ok((maxMemoryUsedMb as number) > 0);
  const running = region.invoke(name, '{"ms":300}');
  const [busy] = await untilListed(name, ([entry]) => entry?.state === "invoke");
  assert.equal(busy?.id, id);
  await running;
});

test("one that is ended is gone, and whoever waits for what ran in it hears of it", async () => {
  const name = await deploy();
  await region.invoke(name);
  const [entry] = await list(name);
  const running = region.invokeFailing(name, '{"ms":60000}');
  await untilListed(name, ([one]) => one?.state === "invoke");
  assert.deepEqual(await ask("DELETE", { id: entry?.id ?? "" }), { status: 200, body: { ended: 1 } });
  assert.equal((await running).document.errorType, "Sandbox.Failure");
  await untilListed(name, (entries) => entries.length === 0);
  assert.equal((await ask("DELETE", { id: entry?.id ?? "" })).status, 404);
});

test("a function made cold finishes what it runs, and what comes next meets a new environment", async () => {
  const name = await deploy();
  const [first] = await Promise.all([
    region.invoke(name, '{"ms":400}'),
    untilListed(name, ([one]) => one?.state === "invoke").then(() => ask("POST", { functionName: name }, "/cold")),
  ]);
  assert.equal(first.functionError, undefined);
  const second = await region.invoke(name);
  assert.notEqual(second.text, first.text);
  await ask("POST", { functionName: name }, "/cold");
  assert.notEqual((await region.invoke(name)).text, second.text);
});

test("a provisioned environment that is ended is replaced", async () => {
  const FunctionName = await deploy();
  const { Version: Qualifier } = await region.lambda.send(new PublishVersionCommand({ FunctionName }));
  const input = { FunctionName, Qualifier, ProvisionedConcurrentExecutions: 1 };
  await region.lambda.send(new PutProvisionedConcurrencyConfigCommand(input));
  const [old] = await untilListed(FunctionName, ([entry]) => entry?.provisioned === true && entry.state === "frozen");
  assert.deepEqual((await ask("DELETE", { functionName: FunctionName })).body, { ended: 1 });
  const [fresh] = await untilListed(FunctionName, ([entry]) => entry?.state === "frozen" && entry.id !== old?.id);
  assert.equal(fresh?.provisioned, true);
});

test("what ends nothing in particular is refused, and so is who is no administrator", async () => {
  assert.equal((await ask("DELETE", {})).status, 400);
  assert.equal((await ask("POST", {}, "/cold")).status, 400);
  assert.equal((await ask("GET", {}, "/other")).status, 404);
  assert.equal((await fetch(`${region.url}/_alonzo/environments`)).status, 403);
});

test("what was started ahead is counted for each language and size", async (t) => {
  const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
  if (isolation !== "container") return t.skip(`${isolation} starts nothing ahead`);
  await region.invoke(await deploy());
  const stocks = async () => (await ask("GET", {})).body.cells as Record<string, unknown>[];
  const isReady = ({ runtime, memoryMb, ready }: Record<string, unknown>) =>
    runtime === "nodejs26.x" && memoryMb === 256 && Number(ready) > 0;
  while (!(await stocks()).some(isReady)) await delay(20);
  const { stdout } = await AlonzoCommand.run(t, ["environments", "--endpoint", region.url]);
  assert.match(stdout, /started ahead: \d+ of nodejs26\.x, 256 MB/);
});

test("alonzo environments shows them as a table or JSON, kills and cools", async (t) => {
  const name = await deploy();
  await region.invoke(name);
  const alonzo = (...args: string[]) => AlonzoCommand.run(t, ["environments", ...args, "--endpoint", region.url]);
  await untilListed(name, ([entry]) => entry?.state === "frozen");
  const { stdout: table } = await alonzo("--function", name);
  assert.match(table, /^ *environment +function +state +age +last used +invocations +memory +driver/);
  assert.match(table, new RegExp(`env-\\w{16} +${name}:\\$LATEST +frozen +\\d+s +\\d+s ago +1 +\\d+ of 256 MB`));
  const { stdout: json } = await alonzo("list", "--json", "-f", name);
  const [entry] = JSON.parse(json) as Entry[];
  const killed = await alonzo("kill", entry?.id ?? "");
  assert.deepEqual([killed.code, killed.stdout], [0, "1 ended\n"]);
  assert.match((await alonzo("-f", name)).stdout, /no environments/);
  assert.equal((await alonzo("cold", "--function", name)).stdout, "0 will not be used again\n");
  const unclear = await alonzo("kill", "--all", "--function", name);
  assert.deepEqual([unclear.code, /name one of ID/.test(unclear.stderr)], [2, true]);
  const unknown = await alonzo("warm");
  assert.match(unknown.stderr, /environments takes one of list, kill, cold, not 'warm'/);
});
