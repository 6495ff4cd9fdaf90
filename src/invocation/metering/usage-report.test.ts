import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TARIFF, type Tariff } from "./tariff.ts";
import { newTally, type Tally } from "./usage.ts";
import { UsageReader } from "./usage-reader.ts";
import { type UsageQuery, usageReport } from "./usage-report.ts";
import { UsageStore } from "./usage-store.ts";

/** Ten free requests a month, then a dollar each. */
const REQUESTS: Tariff = {
  ...TARIFF,
  allowances: { ...TARIFF.allowances, requests: 10n },
  items: TARIFF.items.slice(0, 1).map((item) => ({ ...item, tiers: [{ usdPerUnit: "1" }] })),
};

async function setUp(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "alonzo-usage-"));
  const file = join(directory, "usage.sqlite");
  const store = await UsageStore.open(file);
  const reader = new UsageReader(file);
  t.after(async () => {
    reader.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });
  const add = (day: string, functionName: string, version: string, counts: Partial<Tally>) =>
    store.add([{ day, functionName, version, architecture: "x86_64", tally: { ...newTally(), ...counts } }], []);
  const report = (query: Partial<UsageQuery>) =>
    usageReport(reader, { from: "2026-11-01", to: "2026-11-30", by: "function", ...query }, REQUESTS);
  const costs = (query: Partial<UsageQuery>) =>
    report(query).groups.map(({ function: name, version, day, requests, usd }) =>
      [name, version, day, requests, usd].filter((value) => value !== undefined).join(" "),
    );
  return { add, reader, report, costs };
}

test("the free tier is there again with each month, and each month has a bill", async (t) => {
  const { add, report, costs } = await setUp(t);
  add("2026-10-31", "f", "1", { requests: 12 });
  add("2026-11-01", "f", "1", { requests: 13 });
  const both = report({ from: "2026-10-31", to: "2026-11-01" });
  assert.deepEqual(
    both.bill.map(({ month, quantity, usd }) => [month, quantity, usd]),
    [
      ["2026-10", "10", "0"],
      ["2026-10", "2", "2"],
      ["2026-11", "10", "0"],
      ["2026-11", "3", "3"],
    ],
  );
  assert.deepEqual([both.total.requests, both.total.usd], [25, "5"]);
  assert.deepEqual(costs({ from: "2026-10-31", to: "2026-11-01", by: "day" }), ["2026-10-31 12 2", "2026-11-01 13 3"]);
  assert.deepEqual(costs({ from: "2026-11-01", to: "2026-11-01" }), ["f 13 3"]);
});

test("days bear their share of their month, so that its parts are the month", async (t) => {
  const { add, costs, report } = await setUp(t);
  add("2026-11-01", "f", "1", { requests: 10 });
  add("2026-11-02", "f", "1", { requests: 10 });
  assert.deepEqual(costs({ by: "day" }), ["2026-11-01 10 5", "2026-11-02 10 5"]);
  const first = report({ from: "2026-11-01", to: "2026-11-01" });
  assert.deepEqual([first.total.requests, first.total.usd], [10, "5"]);
  assert.equal(first.bill.at(-1)?.usd, "10", "the bill is of the whole month");
  assert.deepEqual(costs({ from: "2026-11-02", to: "2026-11-30" }), ["f 10 5"]);
});

test("groups are functions, versions in their order, or days", async (t) => {
  const { add, costs } = await setUp(t);
  add("2026-11-01", "b", "1", { requests: 5 });
  for (const version of ["10", "9", "$LATEST"]) add("2026-11-02", "a", version, { requests: 5 });
  assert.deepEqual(costs({}), ["a 15 7.5", "b 5 2.5"]);
  assert.deepEqual(costs({ by: "version" }), ["a $LATEST 5 2.5", "a 9 5 2.5", "a 10 5 2.5", "b 1 5 2.5"]);
  assert.deepEqual(costs({ by: "day" }), ["2026-11-01 5 2.5", "2026-11-02 15 7.5"]);
});

test("figures are whole numbers, or decimal text where they are not", async (t) => {
  const { add, report } = await setUp(t);
  add("2026-11-01", "f", "1", {
    requests: 2,
    eventChunks: 1,
    billedMs: 3,
    memoryMbMs: 384,
    initUs: 1500,
    provisionedBilledMs: 4,
    provisionedMemoryMbMs: 1_024_000,
    provisionedInitUs: 2000,
    allocatedMemoryMbMs: 2_560_000,
    ephemeralMbMs: 512_000,
    streamedBytes: 7,
    tenantMemoryMb: 256,
    snapshotInitUs: 2500,
    restoredMemoryMb: 1536,
  });
  assert.deepEqual(report({}).total, {
    requests: 2,
    eventChunks: 1,
    billedMs: 3,
    gbSeconds: "0.000375",
    initMs: "1.5",
    provisionedBilledMs: 4,
    provisionedGbSeconds: "1",
    provisionedInitMs: "2",
    allocatedGbSeconds: "2.5",
    ephemeralGbSeconds: "0.5",
    streamedBytes: 7,
    tenantGb: "0.25",
    snapshotInitMs: "2.5",
    restoredGb: "1.5",
    usd: "0",
  });
});

test("a region that was not used has an empty bill", async (t) => {
  const { report } = await setUp(t);
  const { groups, bill, total } = report({});
  assert.deepEqual([groups, bill, total.requests, total.usd], [[], [], 0, "0"]);
});

test("a function is without free GB-s in the months in which it has provisioned concurrency", async (t) => {
  const { add, reader } = await setUp(t);
  for (const month of ["10", "11"]) {
    add(`2026-${month}-01`, "f", "1", { memoryMbMs: 1_024_000 });
    add(`2026-${month}-02`, "g", "1", { memoryMbMs: 1_024_000 });
  }
  add("2026-11-30", "f", "2", { allocatedMemoryMbMs: 1_024_000 });
  const { groups } = usageReport(reader, { from: "2026-10-01", to: "2026-11-30", by: "day" });
  assert.deepEqual(
    groups.map(({ day, usd }) => [day, usd]),
    [
      ["2026-10-01", "0"],
      ["2026-10-02", "0"],
      ["2026-11-01", "0.0000166667"],
      ["2026-11-02", "0"],
      ["2026-11-30", "0.0000041667"],
    ],
  );
});
