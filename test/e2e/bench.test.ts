/** The bench runs and measures what it says; its figures are not judged here, where tests share the machine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const BENCH = join(import.meta.dirname, "..", "..", "bench", "run.ts");

interface Load {
  readonly server: string;
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

async function bench(...args: string[]) {
  const flags = ["--disable-warning=ExperimentalWarning", BENCH, ...args, "--json", "-"];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const { figures, bars } = JSON.parse(stdout);
  for (const { what, measured } of bars) assert.equal(typeof measured, "number", what);
  return { figures, bars };
}

const named = (loads: readonly Load[]) => loads.map(({ server, concurrency }) => `${server} ${concurrency}`);

function assertMeasured(loads: readonly Load[]): void {
  for (const { requestsPerSecond, p50Us, p99Us } of loads)
    assert.ok(requestsPerSecond > 0 && p50Us > 0 && p99Us >= p50Us);
}

test("a quick bench measures a region alone and beside its baselines", async () => {
  const { figures, bars } = await bench("--quick", "ready", "memory", "cold", "warm", "async");
  assert.deepEqual(named(figures.warm), ["echo 1", "invoke 1", "echo 16", "invoke 16"]);
  assertMeasured(figures.warm);
  for (const [name, figure] of Object.entries(figures.async)) assert.ok((figure as number) > 0, name);
  for (const { coldP50Ms, spawnP50Ms } of figures.cold) assert.ok(coldP50Ms > 0 && spawnP50Ms > 0);
  assert.ok(figures.ready.medianMs > 0);
  assert.ok(figures.memory.idleMb > 0);
  for (const { what, bar, isMet } of bars)
    assert.equal(typeof isMet, bar === undefined ? "undefined" : "boolean", what);
});

test("a quick bench measures a region against itself: freezing, bad neighbours, large payloads", async () => {
  const { figures } = await bench("--quick", "freezing", "neighbours", "payloads");
  assert.deepEqual(
    named(figures.freezing),
    [1, 16, 1].flatMap((c) => [`freezing ${c}`, `unfrozen ${c}`]),
  );
  assertMeasured(figures.freezing);
  const beside = figures.neighbours.map((one: { beside: string }) => one.beside);
  assert.deepEqual(beside, ["none", "slow", "crashing", "throttled", "all"]);
  assertMeasured(figures.neighbours);
  for (const { neighboursPerSecond } of figures.neighbours.slice(1)) assert.ok(neighboursPerSecond > 0);
  for (const { seconds, peakMb, beforeMb, error } of figures.payloads) {
    assert.ok(seconds > 0 && peakMb >= beforeMb && error === undefined);
  }
});

test("a quick bench measures what comes from topics, buckets and APIs to a function", async () => {
  const { figures, bars } = await bench("--quick", "notices", "apis", "--isolation", "process");
  const named = (of: readonly { p50Ms: number; p99Ms: number }[], name: "service" | "way") =>
    of.filter(({ p50Ms, p99Ms }) => p50Ms > 0 && p99Ms >= p50Ms).map((one) => (one as Record<string, unknown>)[name]);
  assert.deepEqual(named(figures.notices, "service"), ["SNS", "S3"]);
  assert.deepEqual(named(figures.apis, "way"), ["Invoke", "HTTP API", "REST API"]);
  const asked = bars.filter(({ bar }: { bar?: unknown }) => bar !== undefined);
  assert.deepEqual(
    asked.map(({ bar }: { bar?: unknown }) => bar),
    [{ below: 20 }, { below: 20 }],
  );
});

test("a small bench of the control API measures every figure, without functions and with some", async () => {
  const { figures } = await bench("scale", "--quick", "--isolation", "process");
  const runs: Record<string, { p50Ms: number; slowestMs: number }>[] = figures.scale;
  assert.deepEqual(
    runs.map(({ functions }) => functions),
    [0, 60],
  );
  const measured = ["ready", "create", "getFunction", "accountSettings", "listFunctions", "listAllVersions"];
  for (const run of runs) {
    for (const name of measured) assert.ok((run[name]?.p50Ms ?? 0) > 0 && run[name]?.slowestMs, name);
  }
});

test("a part that there is not is refused with those that there are", async () => {
  const refused = (error: { code: number; stderr: string }) =>
    error.code === 2 && /warm, .*rivals \(long\)/.test(error.stderr);
  await assert.rejects(bench("nonsense"), refused);
});
