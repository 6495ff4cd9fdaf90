import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Invocation } from "./invocation.ts";
import { type PlayedEnvironment, playedPool, version } from "./played-pool.ts";
import type { ProvisionedShare } from "./provisioned-environments.ts";

const invocation = {} as Invocation;
const V1 = version("f", "1", "1");
const V2 = version("f", "2", "2");
const FULL = { isComplete: true };

function setUp(options: Parameters<typeof playedPool>[0] = {}) {
  const played = playedPool(options);
  const { pool, made } = played;
  let generation = 0;
  /** Provision the shares for the alias `live` of f, and nothing else. */
  const provision = (...shares: ProvisionedShare[]) =>
    pool.provisioned.set("f", new Map(shares.length > 0 ? [["live", { generation: ++generation, shares }]] : []));
  const status = () => pool.provisioned.status("f", "live");
  const turn = () => new Promise(setImmediate);
  return {
    ...played,
    provision,
    status,
    turn,
    invoke: (f: FunctionVersion) => pool.invoke(f, invocation, false),
    alive: () => made.filter(({ destroyed }) => !destroyed),
    until: async (is: () => boolean) => {
      while (!is()) await turn();
    },
    complete: async () => {
      while (!status()?.isComplete) await turn();
    },
  };
}

const share = (of: FunctionVersion, count: number): ProvisionedShare => ({ version: of, count });
const only = (environments: readonly PlayedEnvironment[]): PlayedEnvironment => {
  assert.equal(environments.length, 1);
  return environments[0] as PlayedEnvironment;
};

test("environments are there before they are wanted, and what exceeds them starts its own", async () => {
  const { pool, made, busy, provision, status, complete, invoke } = setUp();
  provision(share(V1, 2));
  assert.deepEqual(status(), { allocated: 0, available: 0, isComplete: false });
  await complete();
  assert.deepEqual(status(), { allocated: 2, available: 2, ...FULL });
  const running = [];
  for (const demand of ["provisioned", "provisioned", "cold"]) {
    assert.equal(pool.demand(V1), demand);
    running.push(invoke(V1));
  }
  await busy(3);
  assert.deepEqual(
    made.map(({ initialization }) => initialization),
    ["provisioned-concurrency", "provisioned-concurrency", "on-demand"],
  );
  assert.deepEqual(status(), { allocated: 2, available: 2, ...FULL });
  assert.equal(pool.demand(V2), "cold", "they are of one version");
  for (const environment of made) environment.finish();
  await Promise.all(running);
  await pool.close();
});

test("an idle environment is frozen after a moment", async () => {
  const { pool, made, provision, complete } = setUp();
  provision(share(V1, 1));
  await complete();
  while (made[0]?.frozen === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await pool.close();
});

test("one that has answered and is about to come back is waited for", async () => {
  const { pool, made, busy, provision, complete, invoke } = setUp();
  provision(share(V1, 1));
  await complete();
  const first = invoke(V1);
  made[0]?.answer();
  await first;
  assert.equal(pool.demand(V1), "provisioned");
  const second = invoke(V1);
  assert.equal(pool.demand(V1), "cold", "one waits for it already");
  made[0]?.comeBack();
  await busy(2);
  made[0]?.finish();
  await second;
  assert.equal(made.length, 1);
  await pool.close();
});

test("who waits for one that does not come back is served on demand", async () => {
  const { pool, made, busy, provision, complete, invoke, until } = setUp();
  provision(share(V1, 1));
  await complete();
  const first = invoke(V1);
  made[0]?.answer();
  await first;
  const second = invoke(V1);
  made[0]?.exit();
  await busy(2);
  const other = only(made.filter(({ isBusy }) => isBusy));
  assert.equal(other.initialization, "on-demand");
  other.finish();
  await second;
  await until(() => made.length === 3);
  await pool.close();
});

test("who waits for one that works on after its answer is served on demand, and nobody else waits for it", async () => {
  const { pool, made, busy, provision, complete, invoke } = setUp();
  provision(share(V1, 1));
  await complete();
  const first = invoke(V1);
  await busy(1);
  only(made).answer();
  await first;
  assert.equal(pool.demand(V1), "provisioned");
  const second = invoke(V1);
  await busy(2);
  assert.equal(made[1]?.initialization, "on-demand");
  assert.equal(pool.demand(V1), "cold");
  made[1]?.finish();
  made[0]?.comeBack();
  await second;
  assert.equal(pool.demand(V1), "provisioned");
  await pool.close();
});

test("an environment whose runtime ends, whose sandbox fails or that comes back without a runtime is replaced", async () => {
  const { pool, made, provision, complete, invoke, alive } = setUp();
  provision(share(V1, 1));
  await complete();
  made[0]?.exit();
  await complete();
  made[1]?.fault();
  await complete();
  const running = invoke(V1);
  made[2]?.answer();
  Object.assign(made[2] ?? {}, { isInitialised: false });
  assert.equal(pool.provisioned.status("f", "live")?.available, 0);
  made[2]?.comeBack();
  await running;
  await complete();
  assert.equal(only(alive()), made[3]);
  await pool.close();
});

test("environments are replaced one by one before their credentials end, and never for being idle", async (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const { pool, made, provision, complete, alive } = setUp({ idleTimeoutMs: 0 });
  provision(share(V1, 2));
  await complete();
  pool.provisioned.renewOldest();
  assert.equal(made.length, 2);
  context.mock.timers.tick(11 * 3600 * 1000);
  pool.provisioned.renewOldest();
  assert.equal(alive().length, 1);
  await complete();
  pool.provisioned.renewOldest();
  await complete();
  pool.provisioned.renewOldest();
  assert.deepEqual(alive(), made.slice(2));
  await pool.close();
});

test("a function that cannot be initialised fails after three tries, and is tried again after a pause", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let isBroken = true;
  const { pool, made, provision, status, until, complete } = setUp({
    init: () => {
      if (isBroken) throw new Error("no");
    },
  });
  provision(share(V1, 1));
  await until(() => status()?.failure !== undefined);
  assert.deepEqual([status()?.failure, made.length], ["FUNCTION_ERROR_INIT_FAILURE", 3]);
  assert.ok(made.every(({ destroyed }) => destroyed));
  provision(share(V1, 1));
  assert.equal(status()?.failure, undefined, "its owner asked anew");
  await until(() => status()?.failure !== undefined);
  isBroken = false;
  context.mock.timers.tick(1000);
  await complete();
  assert.deepEqual(status(), { allocated: 1, available: 1, ...FULL });
  await pool.close();
});

test("a machine without room has what it has, says so, and goes on when there is room", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let room = 2;
  const { pool, provision, status, until, complete } = setUp({ room: () => room-- > 0 });
  provision(share(V1, 3));
  await until(() => status()?.failure !== undefined && status()?.available === 2);
  assert.deepEqual(status(), { allocated: 2, available: 2, isComplete: false, failure: "INSUFFICIENT_CAPACITY" });
  room = 1;
  context.mock.timers.tick(1000);
  await complete();
  await pool.close();
});

test("idle environments on demand make room, provisioned ones never do", async () => {
  const other = version("g");
  const { pool, made, busy, provision, complete, invoke } = setUp({
    room: () => made.filter(({ destroyed }) => !destroyed).length < 1,
  });
  const running = invoke(other);
  await busy(1);
  made[0]?.finish();
  await running;
  provision(share(V1, 1));
  await complete();
  assert.equal(made[0]?.destroyed, true);
  await assert.rejects(invoke(other), { name: "NoRoomError" });
  await pool.close();
});

test("an alias that moves keeps its old environments until the new ones are there", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { pool, provision, status, complete, alive, until } = setUp({
    init: ({ version: number }) => (number === "2" ? gate : undefined),
  });
  provision(share(V1, 1));
  await complete();
  provision(share(V2, 1));
  await until(() => status()?.allocated === 1);
  assert.deepEqual(status(), { allocated: 1, available: 0, isComplete: false });
  assert.equal(pool.demand(V1), "provisioned");
  open();
  await complete();
  await until(() => alive().length === 1);
  assert.deepEqual([pool.demand(V1), pool.demand(V2)], ["cold", "provisioned"]);
  await pool.close();
});

test("an alias that moves back before that has lost nothing", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const { pool, made, provision, status, complete, alive, until } = setUp({
    init: ({ version: number }) => (number === "2" ? never : undefined),
  });
  provision(share(V1, 1));
  await complete();
  provision(share(V2, 1));
  await until(() => made.length === 2);
  provision(share(V1, 1));
  assert.equal(status()?.isComplete, true);
  await until(() => alive().length === 1);
  assert.equal(only(alive()), made[0]);
  void pool.close();
});

test("an alias that moves to a version that fails lets the old environments go", async () => {
  const { pool, provision, status, complete, until, alive } = setUp({
    init: ({ version: number }) => {
      if (number === "2") throw new Error("no");
    },
  });
  provision(share(V1, 1));
  await complete();
  provision(share(V2, 1));
  await until(() => status()?.failure !== undefined);
  await until(() => alive().length === 0);
  await pool.close();
});

test("an alias of two versions has its share of each", async () => {
  const { pool, provision, status, complete } = setUp();
  provision(share(V1, 2), share(V2, 1));
  await complete();
  assert.deepEqual(status(), { allocated: 3, available: 3, ...FULL });
  assert.deepEqual([pool.demand(V1), pool.demand(V2)], ["provisioned", "provisioned"]);
  provision(share(V1, 3));
  await complete();
  assert.deepEqual(status(), { allocated: 3, available: 3, ...FULL });
  await pool.close();
});

test("what is taken back ends: at once when it is idle, after its invocation when it is not", async () => {
  const { pool, made, busy, provision, status, complete, invoke } = setUp();
  provision(share(V1, 3));
  await complete();
  const running = invoke(V1);
  await busy(1);
  provision(share(V1, 1));
  assert.equal(made.filter(({ destroyed }) => destroyed).length, 2);
  assert.deepEqual(status(), { allocated: 1, available: 1, ...FULL });
  provision();
  assert.equal(status(), undefined);
  const last = only(made.filter(({ destroyed }) => !destroyed));
  last.finish();
  await running;
  assert.equal(last.destroyed, true);
  assert.equal(pool.demand(V1), "cold");
  await pool.close();
});

test("closing leaves nothing behind, what was just starting included", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { pool, made, provision, turn } = setUp({ create: () => gate });
  provision(share(V1, 3));
  await turn();
  const closing = pool.close();
  open();
  await closing;
  provision(share(V1, 3));
  await turn();
  assert.ok(made.every(({ destroyed }) => destroyed));
  assert.equal(pool.size, 0);
});
