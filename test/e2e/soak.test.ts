/**
 * Everything at once, at random but always the same: functions come, change, fail in every way, are throttled and go,
 * while they are invoked in every way, and their environments are ended under them. Then nothing may be left of them.
 * Longer by ALONZO_SOAK_MINUTES, otherwise by ALONZO_SOAK_SEED, more at a time by ALONZO_SOAK_CONCURRENCY.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamCompleteEvent,
  LambdaServiceException,
  PutFunctionConcurrencyCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { TestRegion } from "../test-region.ts";
import { soakCode, type Task, tasks } from "./soak-function.ts";
import { memoryOf, type Traces, tracesOf } from "./soak-traces.ts";

const MINUTES = Number(process.env.ALONZO_SOAK_MINUTES ?? 1 / 3);
const SEED = Number(process.env.ALONZO_SOAK_SEED ?? 20_261_121);
const CONCURRENCY = Number(process.env.ALONZO_SOAK_CONCURRENCY ?? 8);
/** Some more than may run, so that some are refused. */
const CALLERS = CONCURRENCY + 2;
/** Its environments are ended while they run: its invocations may end in any way. */
const VICTIM = "victim";
const FUNCTIONS = ["f0", "f1", "f2", "f3", VICTIM];
const MOST_GROWTH_MB = 150;
/** Databases open a file or two more when they first need them. */
const SPARE = 3;
const GIVE_UP_MS = 60_000;
/** What may be told of functions that change and go, and of accounts that are used up. */
const EXPECTED = new Set([
  "ResourceNotFoundException",
  "ResourceConflictException",
  "TooManyRequestsException",
  "InvalidParameterValueException",
]);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Soak {
  readonly #region: TestRegion;
  readonly #random: () => number;
  readonly #tasks: readonly Task[];
  readonly counts: Record<string, number> = {};
  late = 0;
  #revision = 0;

  constructor(region: TestRegion, seed: number, mayHoard: boolean) {
    this.#region = region;
    this.#random = randomFrom(seed);
    this.#tasks = tasks(mayHoard);
  }

  /** One thing that somebody does, to its end. @throws AssertionError when it ends as it must not */
  async step(): Promise<void> {
    const name = this.#one(FUNCTIONS);
    const draw = this.#random();
    if (draw < 0.4) return this.#refusable("sync", this.#invoke(name));
    if (draw < 0.55) return this.#refusable("streamed", this.#stream(name));
    if (draw < 0.67) return this.#refusable("async", this.#event(name));
    if (draw < 0.85) return this.#refusable("create", this.#create(name));
    if (draw < 0.9) return this.#refusable("update", this.#update(name));
    if (draw < 0.95) return this.#refusable("throttle", this.#throttle(name));
    if (draw < 0.98) return this.#end();
    return this.#refusable("delete", this.delete(name));
  }

  delete(FunctionName: string): Promise<unknown> {
    return this.#region.lambda.send(new DeleteFunctionCommand({ FunctionName }));
  }

  async #invoke(FunctionName: string): Promise<void> {
    const { event, ends } = this.#one(this.#tasks);
    const answer = await this.#region.lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
    const text = answer.Payload?.transformToString() ?? "";
    if (ends === "well" && text.includes("Sandbox.Timedout")) return this.#late();
    if (FunctionName === VICTIM) return;
    assert.equal(answer.FunctionError !== undefined, ends !== "well", `${JSON.stringify(event)}: ${text}`);
  }

  async #stream(FunctionName: string): Promise<void> {
    const { event, ends } = this.#one(this.#tasks);
    const { EventStream } = await this.#region.lambda.send(
      new InvokeWithResponseStreamCommand({ FunctionName, Payload: JSON.stringify(event) }),
    );
    let end: InvokeWithResponseStreamCompleteEvent | undefined;
    for await (const { InvokeComplete } of EventStream ?? []) end = InvokeComplete ?? end;
    assert.ok(end, `${JSON.stringify(event)}: a stream without an end`);
    if (ends === "well" && end.ErrorDetails?.includes("Sandbox.Timedout")) return this.#late();
    if (FunctionName === VICTIM) return;
    assert.equal(end.ErrorCode !== undefined, ends !== "well", JSON.stringify([event, end]));
  }

  /** On a machine that others use, too, a function of 192 MB may not be done in time. It must be rare. */
  #late(): void {
    this.late += 1;
  }

  #event(FunctionName: string): Promise<unknown> {
    const { event } = this.#one(this.#tasks);
    const Payload = JSON.stringify(event);
    return this.#region.lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload }));
  }

  #create(FunctionName: string): Promise<unknown> {
    return this.#region.lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: "nodejs26.x",
        Handler: this.#one(["index.handler", "index.stream"]),
        Role: "arn:aws:iam::000000000000:role/soak",
        Timeout: 3,
        MemorySize: 192,
        Code: { ZipFile: soakCode(this.#revision++) },
      }),
    );
  }

  #update(FunctionName: string): Promise<unknown> {
    const { lambda } = this.#region;
    if (this.#random() < 0.5) {
      return lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: soakCode(this.#revision++) }));
    }
    const Variables = { REVISION: String(this.#revision++) };
    return lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  }

  #throttle(FunctionName: string): Promise<unknown> {
    const { lambda } = this.#region;
    const ReservedConcurrentExecutions = this.#one([0, 1, 2, undefined, undefined]);
    return ReservedConcurrentExecutions === undefined
      ? lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
      : lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
  }

  /** Its environments at once, or those of all when they have finished what they run. */
  async #end(): Promise<void> {
    const isCold = this.#random() < 0.5;
    const method = isCold ? "POST" : "DELETE";
    const url = `${this.#region.url}/_alonzo/environments${isCold ? "/cold" : ""}?functionName=${isCold ? this.#one(FUNCTIONS) : VICTIM}`;
    const answer = await fetch(url, { method, headers: await signHeaders(method, url, {}, "") });
    const what = `${isCold ? "cold" : "kill"} ${answer.status}`;
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    assert.ok([200, 404].includes(answer.status), await answer.text());
  }

  #one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }

  async #refusable(kind: string, call: Promise<unknown>): Promise<void> {
    const name = await call.then(
      () => "done",
      (error: unknown) => {
        assert.ok(error instanceof LambdaServiceException && EXPECTED.has(error.name), `${kind}: ${error}`);
        return error.name;
      },
    );
    this.counts[`${kind} ${name}`] = (this.counts[`${kind} ${name}`] ?? 0) + 1;
  }
}

/** As many as the account may run at a time, none of them refused: nothing is counted that does not run. */
async function useAllConcurrency(region: TestRegion): Promise<void> {
  const name = await region.deploy({ runtime: "nodejs26.x", zip: soakCode(-1), more: { MemorySize: 192 } });
  const event = JSON.stringify({ task: "sleep", ms: 1000 });
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const calls = Array.from({ length: CONCURRENCY }, () => region.invoke(name, event));
    const ends = await Promise.allSettled(calls);
    const refused = ends.filter((end) => end.status === "rejected");
    if (refused.length === 0) break;
    // Events of functions that are gone may still run.
    if (performance.now() > giveUpAt) throw refused[0]?.reason;
  }
  await region.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
}

/** @returns what there is more of than before, after all had time to go */
async function left(region: TestRegion, before: Traces): Promise<Partial<Traces>> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  region.lambda.destroy();
  for (;;) {
    const now = Object.entries(tracesOf(region.pid));
    const more = now.filter(([what, count]) => count > before[what as keyof Traces] + SPARE);
    if (more.length === 0 || performance.now() > giveUpAt) return Object.fromEntries(more);
    await delay(200);
  }
}

test("whatever functions go through, every call is answered and nothing is left of them", async (t) => {
  const region = await TestRegion.start("auto", {
    ALONZO_ACCOUNT_CONCURRENCY: String(CONCURRENCY),
    ALONZO_UNRESERVED_CONCURRENCY: "3",
    ALONZO_REQUEST_RATE: "1000",
    ALONZO_ASYNC_RETRY_DELAYS: "0.2,0.5",
    // By demand they would be more for a minute or two after all is over, and count as left.
    ALONZO_STEM_CELLS: "2",
  });
  t.after(() => region.stop());
  const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
  const soak = new Soak(region, SEED, isolation === "container");
  // Once before it counts: what is made with the first environments stays.
  await useAllConcurrency(region);
  // Its connections are not the region's to close.
  region.lambda.destroy();
  await delay(2000);
  const before = tracesOf(region.pid);
  const endMs = performance.now() + MINUTES * 60_000;
  const halfMs = endMs - MINUTES * 30_000;
  let memoryAtHalf: number | undefined;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await soak.step();
      if (performance.now() > halfMs) memoryAtHalf ??= memoryOf(region.pid);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  t.diagnostic(JSON.stringify({ ...soak.counts, late: soak.late }));
  const invoked = (soak.counts["sync done"] ?? 0) + (soak.counts["streamed done"] ?? 0);
  assert.ok(soak.late <= invoked / 20, `${soak.late} of ${invoked} were late`);
  for (const name of FUNCTIONS) await soak.delete(name).catch(() => {});
  await useAllConcurrency(region);
  assert.deepEqual(await left(region, before), {});
  const memory = memoryOf(region.pid);
  t.diagnostic(JSON.stringify({ isolation, before, memoryAtHalf, memory }));
  assert.ok(memory - (memoryAtHalf ?? memory) < MOST_GROWTH_MB, `from ${memoryAtHalf} to ${memory} MB`);
  assert.doesNotMatch(region.stderr, / ERROR |Error/);
  assert.equal(await region.stop(), 0);
});
