import assert from "node:assert/strict";
import { test } from "node:test";
import type { Invocation } from "../execution/invocation.ts";
import type { Outcome } from "../execution/outcome.ts";
import { type EnvironmentPool, NoRoomError } from "../execution/pool.ts";
import type { Catalog } from "../functions/catalog.ts";
import type { FunctionState, FunctionVersion } from "../functions/function-version.ts";
import { Admission, type Demand } from "./admission.ts";
import { extendLineage } from "./lineage.ts";
import type { Meter } from "./metering/metering.ts";
import { InvokeRefusal } from "./refusal.ts";
import { RegionInvoker } from "./region-invoker.ts";

const OUTCOME = { kind: "ok" } as Outcome;

/** An invoker whose catalog and pool the test plays. */
function setUp(
  options: {
    accountConcurrency?: number;
    requestRate?: number;
    state?: FunctionState;
    recursiveLoop?: "Allow" | "Terminate";
  } = {},
) {
  const { accountConcurrency = 2, requestRate = 1000, state = "Active" } = options;
  const admission = new Admission({ accountConcurrency, requestRate, scalingRate: 2, now: () => 0 });
  const version = { functionName: "f", functionArn: "arn:f", version: "1", state } as FunctionVersion;
  const asked: (string | undefined)[] = [];
  const catalog = {
    cached: () => undefined,
    resolve: async (functionName: string, qualifier?: string) => {
      asked.push(qualifier);
      return functionName === "f" ? version : undefined;
    },
    settings: () => ({ get: async () => options.recursiveLoop }),
  } as unknown as Catalog;
  const delivered: Invocation[] = [];
  const running: PromiseWithResolvers<Outcome>[] = [];
  const metered: unknown[] = [];
  const arrivals = { count: 0 };
  const played = { demand: "warm" as Demand };
  const pool = {
    demand: () => played.demand,
    invoke: (_: FunctionVersion, given: Invocation) => {
      delivered.push(given);
      const invocation = Promise.withResolvers<Outcome>();
      running.push(invocation);
      return invocation.promise;
    },
  } as unknown as EnvironmentPool;
  const meter: Meter = {
    record: (...[{ version }, { isQueued }, outcome]) => metered.push([version, isQueued, outcome]),
  };
  const precedence = { arrived: () => void arrivals.count++ };
  const invoker = new RegionInvoker(catalog, admission, pool, (name) => `arn:${name}`, meter, precedence);
  const invoke = (functionName = "f", isQueued?: true, traceId = "Root=1-0-0") =>
    invoker.invoke({
      functionName,
      qualifier: "1",
      invocation: { traceId } as Invocation,
      wantsLogTail: false,
      ...(isQueued && { isQueued }),
    });
  const started = async (count: number) => {
    while (running.length < count) await new Promise(setImmediate);
  };
  return { invoker, admission, arrivals, metered, delivered, running, played, asked, invoke, started };
}

async function refused(call: Promise<unknown>, code: string, reason?: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof InvokeRefusal, String(error));
    assert.deepEqual([error.code, error.members.Reason], [code, reason]);
    return true;
  });
}

test("an invocation holds its place until the function has ended, and then gives it back", async () => {
  const { admission, running, invoke, started } = setUp();
  const first = invoke();
  await started(1);
  assert.equal(admission.running("f"), 1);
  running[0]?.resolve(OUTCOME);
  assert.equal(await first, OUTCOME);
  assert.equal(admission.running("f"), 0);
});

test("what the account has no concurrency for is refused and never reaches the pool", async () => {
  const { admission, running, invoke, started } = setUp({ accountConcurrency: 1 });
  const first = invoke();
  await started(1);
  await refused(invoke(), "TooManyRequestsException", "ConcurrentInvocationLimitExceeded");
  assert.equal(running.length, 1);
  running[0]?.resolve(OUTCOME);
  await first;
  assert.equal(admission.running(), 0);
});

test("a full machine is told as a full account; a fault stays a fault; both give the place back", async () => {
  const { admission, running, invoke, started } = setUp();
  const full = refused(invoke(), "TooManyRequestsException", "ConcurrentInvocationLimitExceeded");
  const broken = assert.rejects(invoke(), /no sandbox/);
  await started(2);
  running[0]?.reject(new NoRoomError("full"));
  running[1]?.reject(new Error("no sandbox"));
  await Promise.all([full, broken]);
  assert.equal(admission.running(), 0);
});

test("the scaling rate counts invocations that need a new environment, and no others", async () => {
  const { running, played, invoke, started } = setUp({ accountConcurrency: 10 });
  played.demand = "cold";
  const calls = [invoke(), invoke()];
  await started(2);
  await refused(invoke(), "TooManyRequestsException", "ConcurrentInvocationLimitExceeded");
  played.demand = "warm";
  calls.push(invoke());
  await started(3);
  for (const { resolve } of running) resolve(OUTCOME);
  await Promise.all(calls);
});

test("the rate of requests binds callers, not events that waited", async () => {
  const { running, invoke, started } = setUp({ accountConcurrency: 2, requestRate: 1 });
  const end = async (call: Promise<Outcome>, count: number) => {
    await started(count);
    running[count - 1]?.resolve(OUTCOME);
    await call;
  };
  await end(invoke(), 1);
  await end(invoke(), 2);
  await refused(invoke(), "TooManyRequestsException", "FunctionInvocationRateLimitExceeded");
  await end(invoke("f", true), 3);
});

test("a function that does not exist or is not active is refused before it takes a place", async () => {
  const { admission, invoke } = setUp();
  await refused(invoke("unknown"), "ResourceNotFoundException");
  await refused(setUp({ state: "Pending" }).invoke(), "ResourceConflictException");
  assert.equal(admission.running(), 0);
});

test("a dry run asks for the function and takes no place", async () => {
  const { invoker, asked, running } = setUp({ accountConcurrency: 1 });
  await invoker.check("f", "live");
  await refused(invoker.check("unknown", undefined), "ResourceNotFoundException");
  assert.deepEqual([asked, running.length], [["live", undefined], 0]);
});

test("the seventeenth invocation of a function in one chain is refused, unless its owner allows loops", async () => {
  let traceId = "Root=1-0-0";
  for (let n = 0; n < 16; n++) traceId = extendLineage(traceId, "arn:f").traceId;
  const stopped = setUp();
  await refused(stopped.invoke("f", undefined, traceId), "RecursiveInvocationException");
  assert.equal(stopped.admission.running(), 0);
  const allowed = setUp({ recursiveLoop: "Allow" });
  const call = allowed.invoke("f", undefined, traceId);
  await allowed.started(1);
  allowed.running[0]?.resolve(OUTCOME);
  await call;
});

test("what ran is metered, what was refused or broke is not", async () => {
  const { running, metered, invoke, started } = setUp({ accountConcurrency: 2 });
  const calls = [invoke(), invoke("f", true)];
  await started(2);
  await refused(invoke(), "TooManyRequestsException", "ConcurrentInvocationLimitExceeded");
  const failure = { kind: "timeout" } as Outcome;
  running[0]?.resolve(OUTCOME);
  running[1]?.resolve(failure);
  await Promise.all(calls);
  const broken = assert.rejects(invoke(), /no sandbox/);
  await started(3);
  running[2]?.reject(new Error("no sandbox"));
  await broken;
  assert.deepEqual(metered, [
    ["1", undefined, OUTCOME],
    ["1", true, failure],
  ]);
});

test("a large event is in memory no longer than until the runtime has it", async () => {
  const { invoker, running, delivered, started } = setUp();
  let payload = Buffer.alloc(10);
  const answer = invoker.invoke({
    functionName: "f",
    qualifier: "1",
    invocation: {
      requestId: "id",
      invokedFunctionArn: "arn:f:1",
      traceId: "Root=1-0-0",
      payload,
      onDelivered: () => {
        payload = Buffer.alloc(0);
      },
    },
    wantsLogTail: false,
  });
  await started(1);
  assert.equal(delivered[0]?.payload.length, 10);
  delivered[0]?.onDelivered?.();
  assert.deepEqual([payload.length, delivered[0]?.payload.length], [0, 0]);
  running[0]?.resolve(OUTCOME);
  await answer;
});

test("a queued event is not run by another function that has taken the name of its own", async () => {
  const { invoker, admission } = setUp();
  const request = { functionName: "f", qualifier: undefined, invocation: { traceId: "Root=1-0-0" } as Invocation };
  const queued = { ...request, wantsLogTail: false, isQueued: true as const, creationId: "before" };
  await refused(invoker.invoke(queued), "ResourceNotFoundException");
  assert.equal(admission.running(), 0);
});

test("a caller who waits for the answer counts as one, an event that waited already does not", async () => {
  const { running, arrivals, invoke, started } = setUp();
  const calls = [invoke(), invoke("f", true)];
  await started(2);
  assert.equal(arrivals.count, 1);
  for (const { resolve } of running) resolve(OUTCOME);
  await Promise.all(calls);
});
