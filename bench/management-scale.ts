/**
 * `npm run bench:management`: what the control API costs with many functions, beside the same in an empty region.
 * Flags: --functions N (10,000), --versions N of each (5), --starts N (3), --isolation NAME, --json FILE (- for stdout only).
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deployEcho, NODE } from "./bench-functions.ts";
import { populate, populatedName } from "./populate.ts";
import { familyOf, pssMb } from "./process-figures.ts";
import { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

const CREATES = 30;
const READS = 1000;

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

interface ScaleFigures {
  readonly functions: number;
  readonly versionsOfEach: number;
  readonly ready: Times;
  /** Without functions running: after the start, and after everything below. */
  readonly idleMb: number;
  readonly afterwardsMb: number;
  /** Until a new function is Active. */
  readonly create: Times;
  readonly getFunction: Times;
  readonly accountSettings: Times;
  /** Pages of fifty, every one from the first to the last. */
  readonly listFunctions: Times;
  readonly listAllVersions: Times;
}

const { values: flags } = parseArgs({
  options: {
    functions: { type: "string", default: "10000" },
    versions: { type: "string", default: "5" },
    starts: { type: "string", default: "3" },
    isolation: { type: "string", default: "auto" },
    json: { type: "string" },
  },
});

const timesOf = (times: readonly number[]): Times => ({
  p50Ms: median(times),
  p99Ms: percentile(times, 0.99),
  slowestMs: Math.max(...times),
});

async function timed(task: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await task();
  return performance.now() - started;
}

async function repeated(times: number, task: (index: number) => Promise<unknown>): Promise<Times> {
  const measured: number[] = [];
  for (let index = 0; index < times; index++) measured.push(await timed(() => task(index)));
  return timesOf(measured);
}

async function walk(region: RegionProcess, query: Record<string, string>, items: number) {
  const times: number[] = [];
  let seen = 0;
  for (let marker: string | undefined = ""; marker !== undefined; ) {
    const from: Record<string, string> = marker === "" ? query : { ...query, Marker: marker };
    times.push(
      await timed(async () => {
        const page: { Functions: unknown[]; NextMarker?: string } = await region.client.json({
          method: "GET",
          path: "/2015-03-31/functions",
          query: from,
        });
        seen += page.Functions.length;
        marker = page.NextMarker;
      }),
    );
  }
  if (seen < items) throw new Error(`the list ended after ${seen} of ${items} items`);
  return timesOf(times);
}

async function measure(directory: string, functions: number, versionsOfEach: number): Promise<ScaleFigures> {
  const starts: number[] = [];
  for (let start = 1; start < Number(flags.starts); start++) {
    const region = await RegionProcess.start(flags.isolation, directory);
    starts.push(region.readyMs);
    await region.stop();
  }
  const region = await RegionProcess.start(flags.isolation, directory);
  starts.push(region.readyMs);
  try {
    const get = (path: string) => region.client.json({ method: "GET", path });
    const memory = () => pssMb(familyOf(region.pid));
    const idleMb = memory();
    const create = await repeated(CREATES, (index) => deployEcho(region, NODE, `new-${index}`, `${index}`));
    // In an order that no cache expects; in an empty region those that were just made.
    const nameOf = (index: number) =>
      functions === 0 ? `new-${index % CREATES}` : populatedName((index * 7919) % functions);
    const getFunction = await repeated(READS, (index) => get(`/2015-03-31/functions/${nameOf(index)}`));
    const accountSettings = await repeated(20, () => get("/2016-08-19/account-settings"));
    const listFunctions = await walk(region, {}, functions);
    const listAllVersions = await walk(region, { FunctionVersion: "ALL" }, functions * (versionsOfEach + 1));
    return {
      functions,
      versionsOfEach,
      ready: timesOf(starts),
      idleMb,
      afterwardsMb: memory(),
      create,
      getFunction,
      accountSettings,
      listFunctions,
      listAllVersions,
    };
  } finally {
    await region.stop();
  }
}

async function measureWith(functions: number, versions: number): Promise<ScaleFigures> {
  const directory = await mkdtemp(join(tmpdir(), "alonzo-scale-"));
  try {
    if (functions > 0) process.stderr.write(`making ${functions} functions with ${versions} versions each ...\n`);
    await populate(directory, functions, versions);
    process.stderr.write(`measuring with ${functions} functions ...\n`);
    return await measure(directory, functions, versions);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function render(runs: readonly ScaleFigures[]): string {
  const times = ({ p50Ms, p99Ms, slowestMs }: Times) =>
    `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)} / ${slowestMs.toFixed(1)} ms`;
  const rows: [string, (figures: ScaleFigures) => string][] = [
    ["functions x versions", ({ functions, versionsOfEach }) => `${functions} x ${versionsOfEach}`],
    ["ready", ({ ready }) => times(ready)],
    ["memory, idle", ({ idleMb }) => `${idleMb.toFixed(1)} MB`],
    ["memory, afterwards", ({ afterwardsMb }) => `${afterwardsMb.toFixed(1)} MB`],
    ["create until Active", ({ create }) => times(create)],
    ["GetFunction", ({ getFunction }) => times(getFunction)],
    ["GetAccountSettings", ({ accountSettings }) => times(accountSettings)],
    ["ListFunctions, a page", ({ listFunctions }) => times(listFunctions)],
    ["the same, all versions", ({ listAllVersions }) => times(listAllVersions)],
  ];
  const lines = rows.map(([name, cell]) =>
    [name.padEnd(24), ...runs.map((run) => cell(run).padEnd(28))].join("").trimEnd(),
  );
  return ["median / 99th percentile / slowest", ...lines].join("\n");
}

const runs = [await measureWith(0, 0), await measureWith(Number(flags.functions), Number(flags.versions))];
const json = `${JSON.stringify(runs, null, 2)}\n`;
if (flags.json === "-") process.stdout.write(json);
else {
  process.stdout.write(`\n${render(runs)}\n`);
  if (flags.json !== undefined) await writeFile(flags.json, json);
}
