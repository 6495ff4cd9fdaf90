import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Invocation } from "../../execution/invocation.ts";
import type { Outcome } from "../../execution/outcome.ts";
import type { FunctionVersion } from "../../functions/function-version.ts";
import { createLog } from "../../observability/log.ts";
import { Metering } from "./metering.ts";
import { type Measure, newTotals } from "./usage.ts";
import { UsageReader } from "./usage-reader.ts";
import { UsageStore } from "./usage-store.ts";

const NOON = Date.parse("2026-11-30T12:00:00Z");
const DAY_MS = 86_400_000;

const version = (more: Partial<FunctionVersion> = {}) =>
  ({
    functionName: "f",
    version: "1",
    architecture: "x86_64",
    memoryMb: 256,
    ephemeralStorageMb: 512,
    ...more,
  }) as FunctionVersion;

const request = ({ bytes = 2, ...more }: { bytes?: number; isQueued?: true; tenantId?: string } = {}) => ({
  functionName: "f",
  qualifier: undefined,
  invocation: {
    payload: Buffer.alloc(bytes),
    ...(more.tenantId !== undefined && { tenantId: more.tenantId }),
  } as Invocation,
  wantsLogTail: false,
  ...(more.isQueued && { isQueued: more.isQueued }),
});

const outcome = (more: Partial<Outcome> = {}) => ({ kind: "ok", billedMs: 10, ...more }) as Outcome;

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
  const played = { nowMs: NOON, added: 0, refuses: false };
  const complaints: string[] = [];
  const metering = new Metering({
    store: {
      add: (...args) => {
        if (played.refuses) throw new Error("disk full");
        played.added++;
        store.add(...args);
      },
      sync: () => store.sync(),
    },
    clock: { now: () => played.nowMs },
    log: createLog((line) => complaints.push(line)),
  });
  t.after(() => metering.close());
  /** What is on disk, by day and version. */
  const totals = (measure: Measure) =>
    Object.fromEntries(
      reader.sums("2026-11-01", "2026-12-31", "day").map(({ group, totals }) => [group.join(), totals[measure]]),
    );
  return { store, reader, metering, played, complaints, totals };
}

/** Counted by one invocation; measures that are not named are 0. */
async function counted(t: TestContext, ...args: Parameters<Metering["record"]>) {
  const { metering, reader } = await setUp(t);
  metering.record(...args);
  metering.flush();
  const [sum, ...others] = reader.sums("2026-11-01", "2026-11-30", "version");
  assert.deepEqual([sum?.group, others], [["f", "1"], []]);
  const nothing = newTotals();
  return Object.fromEntries(
    Object.entries(sum?.totals ?? {}).filter(([measure, value]) => value !== nothing[measure as Measure]),
  );
}

test("an invocation is a request, its billed duration and that times its memory", async (t) => {
  assert.deepEqual(await counted(t, version(), request(), outcome()), {
    requests: 1n,
    billedMs: 10n,
    memoryMbMs: 2560n,
  });
});

test("the init that is billed with it is counted to the microsecond", async (t) => {
  const usage = await counted(t, version(), request(), outcome({ initMs: 7.1234 }));
  assert.equal(usage.initUs, 7123n);
});

test("in a provisioned environment the duration has another price, and the init was counted before", async (t) => {
  assert.deepEqual(await counted(t, version(), request(), outcome({ isProvisioned: true, initMs: 7 })), {
    requests: 1n,
    provisionedBilledMs: 10n,
    provisionedMemoryMbMs: 2560n,
  });
});

test("of /tmp and of a streamed answer only what is beyond the free part counts", async (t) => {
  const usage = await counted(
    t,
    version({ ephemeralStorageMb: 513 }),
    request(),
    outcome({ streamedBytes: 6 * 1024 * 1024 + 1 }),
  );
  assert.deepEqual([usage.ephemeralMbMs, usage.streamedBytes], [10n, 1n]);
  const free = await counted(t, version(), request(), outcome({ streamedBytes: 6 * 1024 * 1024 }));
  assert.deepEqual([free.ephemeralMbMs, free.streamedBytes], [undefined, undefined]);
});

test("an event costs a further request for each 64 KB begun beyond 256 KB, a call does not", async (t) => {
  const KB = 1024;
  const chunks = async (bytes: number, isQueued?: true) => {
    const usage = await counted(t, version(), request({ bytes, ...(isQueued && { isQueued }) }), outcome());
    assert.equal(usage.requests, 1n);
    return usage.eventChunks ?? 0n;
  };
  assert.equal(await chunks(256 * KB, true), 0n);
  assert.equal(await chunks(256 * KB + 1, true), 1n);
  assert.equal(await chunks(320 * KB, true), 1n);
  assert.equal(await chunks(320 * KB + 1, true), 2n);
  assert.equal(await chunks(1024 * KB, true), 12n);
  assert.equal(await chunks(1024 * KB), 0n);
});

test("a tenant's environment counts when it is new", async (t) => {
  const first = await counted(t, version(), request({ tenantId: "blue" }), outcome({ initMs: 5 }));
  assert.equal(first.tenantMemoryMb, 256n);
  const second = await counted(t, version(), request({ tenantId: "blue" }), outcome());
  assert.equal(second.tenantMemoryMb, undefined);
});

test("an init for a snapshot is duration without a request, and a restore of it costs by its memory but for Java", async (t) => {
  const { metering, reader } = await setUp(t);
  metering.recordSnapshotInit(version(), 2000.4);
  const restored = outcome({ restore: { durationMs: 200, billedMs: 3 } });
  metering.record(version({ runtime: "python3.12" }), request(), restored);
  metering.record(version({ runtime: "java21" }), request(), restored);
  metering.flush();
  const totals = reader.sums("2026-11-01", "2026-11-30", "function").map((sum) => sum.totals);
  const total = (measure: Measure) => totals.reduce((sum, one) => sum + one[measure], 0n);
  assert.deepEqual([total("snapshotInitUs"), total("restoredMemoryMb"), total("requests")], [2_000_400n, 256n, 2n]);
  assert.equal(total("memoryMbMs"), 256n * (2001n + 2n * BigInt(restored.billedMs)));
});

test("many invocations are one transaction, and nothing to count is none", async (t) => {
  const { metering, played, reader } = await setUp(t);
  const versions = [version(), version(), version({ version: "2" }), version({ architecture: "arm64" })];
  for (let n = 0; n < 1000; n++) metering.record(versions[n % 4] as FunctionVersion, request(), outcome());
  metering.flush();
  metering.flush();
  assert.equal(played.added, 1);
  assert.deepEqual(
    reader
      .sums("2026-11-01", "2026-11-30", "version")
      .map(({ group, architecture, totals }) => [...group, architecture, totals.requests]),
    [
      ["f", "1", "arm64", 250n],
      ["f", "1", "x86_64", 500n],
      ["f", "2", "x86_64", 250n],
    ],
  );
});

test("counts go to the disk by themselves", async (t) => {
  const { metering, totals } = await setUp(t);
  metering.record(version(), request(), outcome());
  while (totals("requests")["2026-11-30"] !== 1n) await new Promise(setImmediate);
});

test("a disk that fails keeps nothing half-done: counts wait, are added to, and are written once", async (t) => {
  const { metering, played, totals, complaints } = await setUp(t);
  metering.record(version(), request(), outcome());
  metering.flush();
  played.refuses = true;
  metering.record(version(), request(), outcome());
  assert.throws(() => metering.flush(), /disk full/);
  while (complaints.length === 0) await new Promise(setImmediate);
  assert.match(complaints[0] ?? "", /usage counts wait for the disk/);
  metering.record(version(), request(), outcome());
  assert.deepEqual(totals("requests"), { "2026-11-30": 1n });
  played.refuses = false;
  metering.flush();
  metering.flush();
  assert.deepEqual(totals("requests"), { "2026-11-30": 3n });
});

test("a transaction that fails in its middle leaves no part behind", async (t) => {
  const { store, reader } = await setUp(t);
  const tally = { ...Object.fromEntries(Object.keys(newTotals()).map((measure) => [measure, 1])) } as never;
  const key = { day: "2026-11-30", functionName: "f", architecture: "x86_64" } as const;
  const broken = { ...key, version: null as never, tally };
  assert.throws(() => store.add([{ ...key, version: "1", tally }, broken], []), /NOT NULL/);
  assert.deepEqual(reader.sums("2026-11-30", "2026-11-30", "day"), []);
});

test("each invocation counts on the day, UTC, on which it ended", async (t) => {
  const { metering, played, totals } = await setUp(t);
  const same = version();
  played.nowMs = Date.parse("2026-11-30T23:59:59.999Z");
  metering.record(same, request(), outcome());
  played.nowMs += 1;
  metering.record(same, request(), outcome({ billedMs: 3 }));
  played.nowMs += DAY_MS;
  metering.record(same, request(), outcome({ billedMs: 4 }));
  metering.flush();
  assert.deepEqual(totals("billedMs"), { "2026-11-30": 10n, "2026-12-01": 3n, "2026-12-02": 4n });
});

test("totals beyond what a double can hold stay exact", async (t) => {
  const { store, totals } = await setUp(t);
  const tally = { ...(Object.fromEntries(Object.keys(newTotals()).map((measure) => [measure, 0])) as never as object) };
  const huge = { ...tally, memoryMbMs: Number.MAX_SAFE_INTEGER } as never;
  const key = { day: "2026-11-30", functionName: "f", version: "1", architecture: "x86_64" } as const;
  for (let n = 0; n < 3; n++) store.add([{ ...key, tally: huge }], []);
  assert.deepEqual(totals("memoryMbMs"), { "2026-11-30": 3n * BigInt(Number.MAX_SAFE_INTEGER) });
});

test("closing writes what is left", async (t) => {
  const { metering, totals } = await setUp(t);
  metering.record(version(), request(), outcome());
  await metering.close();
  assert.deepEqual(totals("requests"), { "2026-11-30": 1n });
});

test("more version objects than are counted apart are summed up by name", async (t) => {
  const { metering, totals } = await setUp(t);
  for (let n = 0; n < 25_000; n++) metering.record(version(), request(), outcome());
  metering.flush();
  assert.deepEqual(totals("billedMs"), { "2026-11-30": 250_000n });
});
