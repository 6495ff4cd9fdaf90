/** Nobody waits for ever: what becomes of those who wait when starts fail and environments do not come back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Invocation } from "./invocation.ts";
import { playedPool, version } from "./played-pool.ts";

const invocation = {} as Invocation;

test("whoever comes while a failed start is cleared away has a start of its own", { timeout: 10_000 }, async () => {
  const cleared = Promise.withResolvers<void>();
  const { pool, made, busy } = playedPool({
    init: () => {
      const [first] = made;
      if (!first || made.length > 1) return;
      first.fault();
      first.destroy = () => cleared.promise;
    },
  });
  await assert.rejects(pool.invoke(version("f"), invocation, false), /could not be started/);
  const second = pool.invoke(version("f"), invocation, false);
  await new Promise(setImmediate);
  cleared.resolve();
  await busy(1);
  made[1]?.finish();
  await second;
  await pool.close();
});

test("an environment that is too old when it is ready, the clock having jumped, is replaced", {
  timeout: 10_000,
}, async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const { pool, made, busy } = playedPool({
    init: () => {
      if (made.length === 1) context.mock.timers.tick(24 * 3600 * 1000);
    },
  });
  const running = pool.invoke(version("f"), invocation, false);
  await busy(1);
  assert.deepEqual(
    made.map(({ destroyed, invocations }) => [destroyed, invocations]),
    [
      [true, 0],
      [false, 1],
    ],
  );
  made[1]?.finish();
  await running;
  await pool.close();
});

test("one failed start refuses nobody whom another will serve", async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let creations = 0;
  const { pool, made, busy } = playedPool({
    create: async () => {
      const creation = creations++;
      if (creation > 0) await gates[creation - 1]?.promise;
    },
  });
  const f = version("f");
  const first = pool.invoke(f, invocation, false);
  await busy(1);
  const waiting = [pool.invoke(f, invocation, false), pool.invoke(f, invocation, false)];
  made[0]?.finish();
  await first;
  await busy(2);
  gates[0]?.reject(new Error("no sandbox"));
  await new Promise(setImmediate);
  gates[1]?.resolve();
  await busy(3);
  for (const environment of made) environment.finish();
  await Promise.all(waiting);
  await pool.close();
});

test("an environment that cannot be cleared away is told of, and nothing more", async () => {
  const { pool, made, busy } = playedPool();
  const running = pool.invoke(version("f"), invocation, false);
  await busy(1);
  const [environment] = made;
  assert.ok(environment);
  environment.destroy = () => Promise.reject(new Error("busy"));
  environment.finish();
  await running;
  await pool.retire("f", async () => undefined);
  await new Promise(setImmediate);
  assert.equal(pool.size, 0);
  await pool.close();
});
