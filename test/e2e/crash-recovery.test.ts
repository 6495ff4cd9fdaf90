/**
 * `kill -9` of the region in the middle of 200 mixed management calls and invokes, then a restart, ten times over: what
 * was answered 2xx is there and runs, and nothing of the dead region is left on the machine.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  type LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";

const ROUNDS = 10;
const CALLS = 200;
const CODE = zipOf({ "index.mjs": "export const handler = async (event) => ({ echo: event.n });" });
const ROLE = "arn:aws:iam::000000000000:role/test";

/** What the region has promised: functions whose create was answered 2xx and whose delete was never asked for. */
interface Promised {
  readonly functions: Set<string>;
  /** A delete was asked for and not answered: both outcomes are right. */
  readonly open: Set<string>;
}

async function mixedCalls(client: LambdaClient, round: number, promised: Promised, onAnswer: () => void) {
  let next = 0;
  const worker = async () => {
    while (next < CALLS) {
      const n = next++;
      await oneCall(client, `r${round}-${n}`, n, promised).then(onAnswer, () => {});
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function oneCall(client: LambdaClient, name: string, n: number, { functions, open }: Promised): Promise<void> {
  const some = [...functions][n % Math.max(1, functions.size)];
  if (n % 4 === 0 || some === undefined) {
    const input = { FunctionName: name, Runtime: "nodejs26.x", Handler: "index.handler", Role: ROLE } as const;
    await client.send(new CreateFunctionCommand({ ...input, Code: { ZipFile: CODE } }));
    functions.add(name);
  } else if (n % 4 === 1) {
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: some, Description: `d${n}` }));
  } else if (n % 20 === 2) {
    functions.delete(some);
    open.add(some);
    await client.send(new DeleteFunctionCommand({ FunctionName: some }));
    open.delete(some);
  } else {
    await client.send(new InvokeCommand({ FunctionName: some, Payload: Buffer.from(`{"n":${n}}`) }));
  }
}

async function namesOf(client: LambdaClient): Promise<Set<string>> {
  const names = new Set<string>();
  let Marker: string | undefined;
  do {
    const page = await client.send(new ListFunctionsCommand({ ...(Marker !== undefined && { Marker }) }));
    for (const { FunctionName } of page.Functions ?? []) names.add(FunctionName as string);
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  return names;
}

/** The number under which a region of the container driver keeps everything on the machine. */
function numberOf(pid: number): number | undefined {
  if (!existsSync("/run/alonzo")) return undefined;
  const lock = readdirSync("/run/alonzo").find(
    (name) => name.endsWith(".lock") && readFileSync(`/run/alonzo/${name}`, "utf8").trim() === String(pid),
  );
  return lock === undefined ? undefined : Number.parseInt(lock, 10);
}

/** Everything on the machine that bears the number. */
function leftovers(number: number): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const links = readdirSync("/sys/class/net").filter((name) => name.startsWith(`alz${number}-`));
  const cgroups = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .filter((line) => /^\S+ \S+ cgroup2? /.test(line))
    .map((line) => `${line.split(" ")[1]}/alonzo/${number}`)
    .filter((path) => existsSync(path));
  const processes = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isOwnedBy(pid, number));
  return [
    ...mounts.filter((line) => line.includes(` /run/alonzo/${number}`)),
    ...links,
    ...cgroups,
    ...processes.map((pid) => `process ${pid}`),
    ...(firewall().includes(`alonzo${number}\n`) ? ["firewall table"] : []),
  ];
}

function isOwnedBy(pid: string, number: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    // A zombie is dead: that its entry is still there is process 1's doing.
    if (/^State:\tZ/m.test(status)) return false;
    const uid = Number(/^Uid:\t(\d+)/m.exec(status)?.[1]);
    return uid >= 1_000_000 + number * 4096 && uid < 1_000_000 + (number + 1) * 4096;
  } catch {
    return false;
  }
}

function firewall(): string {
  try {
    return `${execFileSync("nft", ["list", "tables"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })}\n`;
  } catch {
    return "";
  }
}

test("what was answered 2xx survives kill -9, ten times over, and nothing of a dead region is left", async () => {
  const region = await TestRegion.start("auto");
  const promised: Promised = { functions: new Set(), open: new Set() };
  const numbers = new Set<number>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const number = numberOf(region.pid);
      if (number !== undefined) numbers.add(number);
      // Somewhere in the middle, another place each round.
      const killAfter = 20 + round * 17;
      let answers = 0;
      let killed: Promise<void> | undefined;
      await mixedCalls(region.lambda, round, promised, () => {
        answers += 1;
        if (answers === killAfter) killed = region.kill();
      });
      await (killed ?? region.kill());
      await region.startAgain();
      const there = await namesOf(region.lambda);
      for (const name of promised.functions) assert.ok(there.has(name), `${name} was promised and is gone`);
    }
    // Every one of them runs. All have the same code, so a sample of each round says it for the rest.
    for (const name of [...promised.functions].filter((_, index) => index % 10 === 0)) {
      await waitUntilFunctionActiveV2({ client: region.lambda, maxWaitTime: 30 }, { FunctionName: name });
      const { Payload } = await region.lambda.send(
        new InvokeCommand({ FunctionName: name, Payload: Buffer.from('{"n":7}') }),
      );
      assert.equal(Buffer.from(Payload ?? []).toString(), '{"echo":7}');
    }
    const [one] = promised.functions;
    const { Code } = await region.lambda.send(new GetFunctionCommand({ FunctionName: one }));
    const zip = await fetch(Code?.Location as string);
    assert.deepEqual(Buffer.from(await zip.arrayBuffer()), Buffer.from(CODE));
    const number = numberOf(region.pid);
    if (number !== undefined) numbers.add(number);
  } finally {
    await region.stop();
  }
  for (const number of numbers) {
    if (numberHasOwner(number)) continue;
    assert.deepEqual(leftovers(number), []);
  }
});

/** Another test's region may have taken the number since. */
function numberHasOwner(number: number): boolean {
  try {
    const pid = readFileSync(`/run/alonzo/${number}.lock`, "utf8").trim();
    return existsSync(`/proc/${pid}`);
  } catch {
    return false;
  }
}
