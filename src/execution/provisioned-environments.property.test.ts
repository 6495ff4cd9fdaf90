/** Whatever befalls provisioned environments, in the end there are as many as were asked for, and no one waits for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";
import { playedPool, version } from "./played-pool.ts";

const VERSIONS = [version("f", "1", "1"), version("f", "2", "2")] as const;

const which = fc.nat();
const steps = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("invoke" as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("answer", "come back", "finish"), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("exit", "fault"), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("provision" as const), counts: fc.tuple(fc.nat(2), fc.nat(2)) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("turn" as const) }) },
);

test("as many as were asked for are there when all is quiet again, and every invocation ends", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async (script) => {
      const { pool, made } = playedPool();
      const turn = () => new Promise(setImmediate);
      const running: Promise<Outcome>[] = [];
      /** Answered, but not back yet. */
      const out = new Set<(typeof made)[number]>();
      let generation = 0;
      let wanted = 0;
      const finish = (environment: (typeof made)[number]) => {
        if (environment.isBusy) environment.answer();
        out.delete(environment);
        environment.comeBack();
      };
      for (const step of script) {
        if (step.kind === "invoke" && "which" in step) {
          running.push(pool.invoke(VERSIONS[step.which % 2] ?? VERSIONS[0], {} as Invocation, false));
        } else if (step.kind === "provision" && "counts" in step) {
          const shares = step.counts.map((count, index) => ({ version: VERSIONS[index] ?? VERSIONS[0], count }));
          wanted = step.counts[0] + step.counts[1];
          const provision = { generation: ++generation, shares: shares.filter(({ count }) => count > 0) };
          pool.provisioned.set("f", wanted > 0 ? new Map([["live", provision]]) : new Map());
        } else if ("which" in step) {
          const busy = made.filter((one) => !one.destroyed && one.isBusy);
          const idle = made.filter((one) => !one.destroyed && !one.isBusy && !out.has(one) && one.isInitialised);
          const chosen = (from: typeof made) => from[step.which % Math.max(1, from.length)];
          if (step.kind === "answer") {
            const environment = chosen(busy);
            environment?.answer();
            if (environment) out.add(environment);
          } else if (step.kind === "come back") {
            const environment = chosen([...out].filter(({ destroyed }) => !destroyed));
            if (environment) finish(environment);
          } else if (step.kind === "finish") {
            const environment = chosen(busy);
            if (environment) finish(environment);
          } else if (step.kind === "exit") chosen(idle)?.exit();
          else chosen([...idle, ...busy])?.fault();
        }
        await turn();
      }
      for (;;) {
        const unfinished = made.filter((one) => !one.destroyed && (one.isBusy || out.has(one)));
        const status = pool.provisioned.status("f", "live");
        if (unfinished.length === 0 && (wanted === 0 || status?.isComplete)) break;
        for (const environment of unfinished) finish(environment);
        await turn();
      }
      await Promise.all(running);
      await turn();
      const alive = made.filter((one) => !one.destroyed && one.initialization === "provisioned-concurrency");
      assert.equal(alive.length, wanted);
      await pool.close();
      assert.ok(made.every(({ destroyed }) => destroyed));
      assert.equal(pool.size, 0);
    }),
    { numRuns: 1000 },
  );
});
