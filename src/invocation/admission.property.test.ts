/** Admission's books, held against a list of what runs, under any interleaving of invocations and changes of limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Admission, type Demand } from "./admission.ts";
import type { FunctionLimits, FunctionLoad } from "./function-load.ts";
import { InvokeRefusal } from "./refusal.ts";

const ACCOUNT = 8;
const FUNCTIONS = ["f", "g", "h"];

interface Running {
  readonly functionName: string;
  readonly demand: Demand;
  readonly place: FunctionLoad;
}

/** What admission must say, worked out anew from everything that runs. */
class Books {
  readonly running: Running[] = [];
  readonly limits = new Map<string, FunctionLimits>();

  allows(functionName: string, demand: Demand): boolean {
    const { reserved, provisioned } = this.#limitsOf(functionName);
    if (this.running.length >= ACCOUNT) return false;
    const isProvisioned = demand === "provisioned";
    if (reserved !== undefined) {
      const hasPlace = this.#count((other) => other.functionName === functionName) < reserved;
      const onDemand = this.#count((other) => other.functionName === functionName && other.demand !== "provisioned");
      return hasPlace && (isProvisioned || onDemand < reserved - provisioned);
    }
    const shared = this.#count(
      (other) => other.demand !== "provisioned" && this.#limitsOf(other.functionName).reserved === undefined,
    );
    const claimed = [...this.limits.values()].reduce((sum, other) => sum + (other.reserved ?? other.provisioned), 0);
    return isProvisioned || shared < ACCOUNT - claimed;
  }

  #limitsOf(functionName: string): FunctionLimits {
    return this.limits.get(functionName) ?? { provisioned: 0 };
  }

  #count(is: (running: Running) => boolean): number {
    return this.running.filter(is).length;
  }
}

const functionName = fc.constantFrom(...FUNCTIONS);
const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("enter" as const),
      functionName,
      demand: fc.constantFrom<Demand>("provisioned", "warm", "cold"),
      isRated: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("leave" as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("limits" as const),
      functionName,
      reserved: fc.option(fc.nat(4), { nil: undefined }),
      provisioned: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), functionName }) },
);

test("the books are exact whatever comes, ends, is refused, is changed or deleted, in any order", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 120 }), (script) => {
      const admission = new Admission({ accountConcurrency: ACCOUNT, requestRate: 1e6, scalingRate: 1e6 });
      const books = new Books();
      for (const step of script) {
        if (step.kind === "enter") {
          const allowed = books.allows(step.functionName, step.demand);
          const place = entered(() => admission.enter(step.functionName, step.demand, step.isRated));
          assert.equal(place !== undefined, allowed, JSON.stringify(step));
          if (place) books.running.push({ ...step, place });
        } else if (step.kind === "leave" && books.running.length > 0) {
          const [ended] = books.running.splice(step.which % books.running.length, 1);
          if (ended) admission.leave(ended.place, ended.demand);
        } else if (step.kind === "limits") {
          const { reserved, provisioned } = step;
          books.limits.set(step.functionName, { reserved, provisioned });
          admission.setLimits(step.functionName, { reserved, provisioned });
        } else if (step.kind === "forget") {
          books.limits.delete(step.functionName);
          admission.forget(step.functionName);
        }
        assert.equal(admission.running(), books.running.length);
        for (const name of FUNCTIONS) {
          assert.equal(admission.running(name), books.running.filter((other) => other.functionName === name).length);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("in any second no more requests come in than a full bucket and what drips into it", () => {
  const waits = fc.array(fc.nat(300), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), waits, (requestRate, waitsMs) => {
      let nowMs = 0;
      const admission = new Admission({ accountConcurrency: 2, requestRate, scalingRate: 1e6, now: () => nowMs });
      const admitted: number[] = [];
      for (const waitMs of waitsMs) {
        nowMs += waitMs;
        const place = entered(() => admission.enter("f", "warm", true));
        if (!place) continue;
        admitted.push(nowMs);
        admission.leave(place, "warm");
      }
      const perSecond = 2 * requestRate;
      for (const fromMs of admitted) {
        const within = admitted.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1000).length;
        assert.ok(within <= 2 * perSecond, `${within} requests in a second, of ${perSecond}`);
      }
    }),
  );
});

function entered(enter: () => FunctionLoad): FunctionLoad | undefined {
  try {
    return enter();
  } catch (error) {
    assert.ok(error instanceof InvokeRefusal);
    return undefined;
  }
}
