/** What the control API costs with many functions, beside the same in an empty region. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployEcho, NODE } from "./bench-functions.ts";
import { populate, populatedName } from "./populate.ts";
import { familyOf, pssMb } from "./process-figures.ts";
import { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

export interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

export interface ScalePlan {
  readonly functions: number;
  /** Published of each function. */
  readonly versions: number;
  readonly starts: number;
  readonly creates: number;
  readonly reads: number;
}

export interface ScaleFigures {
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

async function measure(isolation: string, directory: string, plan: ScalePlan): Promise<ScaleFigures> {
  const { functions, versions: versionsOfEach, creates, reads } = plan;
  const starts: number[] = [];
  for (let start = 1; start < plan.starts; start++) {
    const region = await RegionProcess.start(isolation, { directory });
    starts.push(region.readyMs);
    await region.stop();
  }
  const region = await RegionProcess.start(isolation, { directory });
  starts.push(region.readyMs);
  try {
    const get = (path: string) => region.client.json({ method: "GET", path });
    const memory = () => pssMb(familyOf(region.pid));
    const idleMb = memory();
    const create = await repeated(creates, (index) => deployEcho(region, NODE, `new-${index}`, `${index}`));
    // In an order that no cache expects; in an empty region those that were just made.
    const nameOf = (index: number) =>
      functions === 0 ? `new-${index % creates}` : populatedName((index * 7919) % functions);
    const getFunction = await repeated(reads, (index) => get(`/2015-03-31/functions/${nameOf(index)}`));
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

async function measureWith(isolation: string, plan: ScalePlan): Promise<ScaleFigures> {
  const directory = await mkdtemp(join(tmpdir(), "alonzo-scale-"));
  try {
    await populate(directory, plan.functions, plan.versions);
    return await measure(isolation, directory, plan);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns the figures of an empty region, and of one with the plan's functions */
export async function measureScale(isolation: string, plan: ScalePlan): Promise<[ScaleFigures, ScaleFigures]> {
  const empty = await measureWith(isolation, { ...plan, functions: 0, versions: 0 });
  return [empty, await measureWith(isolation, plan)];
}
