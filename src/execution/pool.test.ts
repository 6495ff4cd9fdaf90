import assert from "node:assert/strict";
import { test } from "node:test";
import type { Invocation } from "./invocation.ts";
import { Placement } from "./placement.ts";
import { playedPool, version } from "./played-pool.ts";
import { NoRoomError } from "./pool.ts";

const invocation = {} as Invocation;

test("one environment serves one invocation at a time: parallel ones get one each, later ones reuse them", async () => {
  const { pool, made, busy } = playedPool();
  const f = version("f");
  const first = [pool.invoke(f, invocation, false), pool.invoke(f, invocation, false)];
  await busy(2);
  assert.equal(made.length, 2);
  for (const environment of made) environment.finish();
  await Promise.all(first);
  const again = pool.invoke(f, invocation, false);
  await busy(3);
  assert.equal(made.length, 2);
  assert.equal(made[1]?.invocations, 2, "the one used last is taken first");
  made[1]?.finish();
  await again;
  await pool.close();
});

test("functions, and code of one function, never share an environment", async () => {
  const { pool, made, busy } = playedPool();
  for (const [index, one] of [version("f"), version("g"), version("f", "2")].entries()) {
    const running = pool.invoke(one, invocation, false);
    await busy(index + 1);
    made[index]?.finish();
    await running;
  }
  assert.equal(made.length, 3);
  await pool.close();
});

test("another object for the same version finds the same environments", async () => {
  const { pool, made, busy } = playedPool();
  for (let count = 1; count <= 2; count++) {
    const running = pool.invoke(version("f"), invocation, false);
    await busy(count);
    made[0]?.finish();
    await running;
  }
  assert.equal(made.length, 1);
  await pool.close();
});

test("retiring ends idle environments now and busy ones after their invocation", async () => {
  const { pool, made, busy } = playedPool();
  const f = version("f");
  const running = [pool.invoke(f, invocation, false), pool.invoke(f, invocation, false)];
  await busy(2);
  made[0]?.finish();
  await pool.retire("f", async () => undefined);
  assert.deepEqual(
    made.map(({ destroyed }) => destroyed),
    [true, false],
  );
  made[1]?.finish();
  await Promise.all(running);
  assert.equal(made[1]?.destroyed, true);
  await pool.close();
});

test("a change that runs nothing differently leaves the environments alone", async () => {
  const { pool, made, busy } = playedPool();
  const running = pool.invoke(version("f"), invocation, false);
  await busy(1);
  made[0]?.finish();
  await running;
  await pool.retire("f", async () => ({ ...version("f"), revisionId: "2", description: "new" }));
  assert.equal(made[0]?.destroyed, false);
  await pool.close();
  assert.equal(made[0]?.destroyed, true);
});

test("a full machine gives up the environment that is idle longest, of whichever function", async () => {
  let room = 2;
  const { pool, made, busy } = playedPool({ room: () => room-- > 0 || made[0]?.destroyed === true });
  for (const [index, name] of ["f", "g"].entries()) {
    const running = pool.invoke(version(name), invocation, false);
    await busy(index + 1);
    made[index]?.finish();
    await running;
  }
  const running = pool.invoke(version("h"), invocation, false);
  await busy(3);
  assert.deepEqual(
    made.map(({ destroyed }) => destroyed),
    [true, false, false],
  );
  made[2]?.finish();
  await running;
  await pool.close();
});

test("a full machine without idle environments refuses instead of starting another", async () => {
  const { pool } = playedPool({ room: () => false });
  await assert.rejects(pool.invoke(version("f"), invocation, false), NoRoomError);
  await pool.close();
});

test("a sandbox that cannot be made fails the invocation that asked, and the next one tries again", async () => {
  let broken = true;
  const { pool, made, busy } = playedPool({
    create: () => {
      if (broken) throw new Error("no sandbox");
    },
  });
  await assert.rejects(pool.invoke(version("f"), invocation, false), /no sandbox/);
  broken = false;
  const running = pool.invoke(version("f"), invocation, false);
  await busy(1);
  made[0]?.finish();
  await running;
  await pool.close();
});

test("an idle environment is frozen after a moment", async () => {
  const { pool, made, busy } = playedPool();
  const running = pool.invoke(version("f"), invocation, false);
  await busy(1);
  made[0]?.finish();
  await running;
  while (made[0]?.frozen === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(made[0]?.frozen, 1);
  await pool.close();
});

test("an invocation that waits for its cold start is served though the function changes or goes meanwhile", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { pool, made, busy } = playedPool({ create: () => gate });
  const running = pool.invoke(version("f"), invocation, false);
  await pool.retire("f", async () => undefined);
  open();
  await busy(1);
  made[0]?.finish();
  assert.equal((await running).kind, "ok");
  assert.equal(made[0]?.destroyed, true, "and nobody else meets that environment");
  await pool.close();
});

test("closing during a cold start refuses who waits and leaves no environment behind", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { pool, made } = playedPool({ create: () => gate });
  const waiting = assert.rejects(pool.invoke(version("f"), invocation, false), NoRoomError);
  await new Promise(setImmediate);
  const closing = pool.close();
  open();
  await Promise.all([closing, waiting]);
  assert.deepEqual(
    made.map(({ destroyed }) => destroyed),
    [true],
  );
  await assert.rejects(pool.invoke(version("f"), invocation, false), NoRoomError);
});

test("an environment whose sandbox failed is never used again", async () => {
  const { pool, made, busy } = playedPool();
  const first = pool.invoke(version("f"), invocation, false);
  await busy(1);
  made[0]?.fault();
  made[0]?.finish();
  await first;
  const second = pool.invoke(version("f"), invocation, false);
  await busy(2);
  assert.equal(made.length, 2);
  assert.equal(made[0]?.destroyed, true);
  made[1]?.finish();
  await second;
  await pool.close();
});

test("an idle environment whose sandbox fails goes at once", async () => {
  const { pool, made, busy } = playedPool();
  const first = pool.invoke(version("f"), invocation, false);
  await busy(1);
  made[0]?.finish();
  await first;
  made[0]?.fault();
  assert.equal(made[0]?.destroyed, true);
  await new Promise(setImmediate);
  assert.equal(pool.size, 0);
  await pool.close();
});

test("a function that takes long to initialise does not keep others from starting", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { pool, made, busy } = playedPool({ init: ({ functionName }) => (functionName === "slow" ? gate : undefined) });
  const slow = [1, 2, 3].map(() => pool.invoke(version("slow"), invocation, false));
  const quick = pool.invoke(version("quick"), invocation, false);
  await busy(1);
  made.find((environment) => environment.version.functionName === "quick")?.finish();
  await quick;
  open();
  await busy(4);
  for (const environment of made) environment.finish();
  await Promise.all(slow);
  await pool.close();
});

test("the cold starts of one function do not go before those of another", async () => {
  const order: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { pool, made, busy } = playedPool({
    create: ({ functionName }) => {
      order.push(functionName);
      return gate;
    },
  });
  const running = ["many", "many", "many", "many", "few"].map((name) => pool.invoke(version(name), invocation, false));
  open();
  await busy(5);
  assert.ok(order.indexOf("few") < order.lastIndexOf("many"), order.join());
  for (const environment of made) environment.finish();
  await Promise.all(running);
  await pool.close();
});

test("an environment ends before the credentials that it was given do", async (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const { pool, made, busy } = playedPool();
  const running = pool.invoke(version("f"), invocation, false);
  await busy(1);
  context.mock.timers.tick(11 * 3600 * 1000);
  made[0]?.finish();
  await running;
  assert.equal(made[0]?.destroyed, true);
  await pool.close();
});

test("placement keeps a reserve of the machine's memory", () => {
  const reading = (availableMb: number) => new Placement(() => ({ totalMb: 10_000, availableMb }));
  assert.equal(reading(5000).hasRoom(128), true);
  assert.equal(reading(820).hasRoom(128), false);
  assert.equal(reading(1600).hasRoom(128), true);
  assert.equal(reading(1600).hasRoom(128, true), false, "provisioned environments leave room for those on demand");
});

test("tenants never share an environment, and all of them end with what they run", async () => {
  const { pool, made } = playedPool();
  const run = async (tenantId: string) => {
    const running = pool.invoke(version("f"), { tenantId } as Invocation, false);
    await new Promise(setImmediate);
    return running;
  };
  const of = { a: run("a"), b: run("b") };
  await new Promise(setImmediate);
  assert.equal(made.length, 2);
  for (const environment of made) environment.finish();
  await Promise.all([of.a, of.b]);
  const again = run("a");
  await new Promise(setImmediate);
  assert.deepEqual([made.length, made.map(({ invocations }) => invocations)], [2, [2, 1]]);
  made[0]?.finish();
  await again;
  await pool.retire("f", async () => version("f"));
  assert.equal(pool.size, 2, "what is current stays");
  await pool.retire("f", async () => version("f", "2"));
  assert.equal(pool.size, 0);
});
