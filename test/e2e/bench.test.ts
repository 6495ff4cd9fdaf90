/** The bench runs and measures what it says; its figures are not judged here, where tests share the machine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const BENCH = join(import.meta.dirname, "..", "..", "bench", "run.ts");
const MANAGEMENT_SCALE = join(import.meta.dirname, "..", "..", "bench", "management-scale.ts");

test("a quick bench measures every figure against its baseline", async () => {
  const flags = ["--disable-warning=ExperimentalWarning", BENCH, "--quick", "--json", "-"];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const figures = JSON.parse(stdout);
  assert.deepEqual(
    figures.warm.map(({ server, concurrency }: { server: string; concurrency: number }) => `${server} ${concurrency}`),
    ["echo 1", "invoke 1", "echo 16", "invoke 16"],
  );
  for (const { requestsPerSecond, p50Us, p99Us } of figures.warm) assert.ok(requestsPerSecond > 0 && p99Us >= p50Us);
  for (const [name, figure] of Object.entries(figures.asynchronous)) assert.ok((figure as number) > 0, name);
  for (const { coldP50Ms, spawnP50Ms } of figures.cold) assert.ok(coldP50Ms > 0 && spawnP50Ms > 0);
  assert.ok(figures.ready.medianMs > 0);
  assert.ok(figures.idleMb > 0);
});

test("a small bench of the control API measures every figure, without functions and with some", async () => {
  const size = ["--functions", "60", "--versions", "2", "--starts", "1", "--isolation", "process"];
  const flags = ["--disable-warning=ExperimentalWarning", MANAGEMENT_SCALE, ...size, "--json", "-"];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const runs: Record<string, { p50Ms: number; slowestMs: number }>[] = JSON.parse(stdout);
  assert.deepEqual(
    runs.map(({ functions }) => functions),
    [0, 60],
  );
  const measured = ["ready", "create", "getFunction", "accountSettings", "listFunctions", "listAllVersions"];
  for (const run of runs) {
    for (const name of measured) assert.ok((run[name]?.p50Ms ?? 0) > 0 && run[name]?.slowestMs, name);
  }
});
