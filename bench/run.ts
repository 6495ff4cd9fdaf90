/**
 * `npm run bench`: measures the real server from other processes, beside its baselines, in one run.
 * Flags: --quick (a smoke test: figures mean little), --json FILE (also write the figures there; - for stdout only),
 * --isolation NAME.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureAsync } from "./async.ts";
import { LANGUAGES } from "./bench-functions.ts";
import { type ColdFigures, measureColdStart } from "./cold-start.ts";
import { type EnvironmentMemory, measureEnvironments, measureIdleRegion } from "./memory.ts";
import { measureReadyTime } from "./ready-time.ts";
import { RegionProcess } from "./region-process.ts";
import { type Figures, render } from "./report.ts";
import { measureWarmInvoke } from "./warm-invoke.ts";

interface Plan {
  readonly starts: number;
  readonly environments: number;
  readonly rounds: number;
  readonly roundMs: number;
  readonly functions: number;
}

const FULL: Plan = { starts: 5, environments: 5, rounds: 5, roundMs: 2500, functions: 51 };
const QUICK: Plan = { starts: 1, environments: 1, rounds: 1, roundMs: 400, functions: 3 };

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    isolation: { type: "string", default: "auto" },
  },
});

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(plan: Plan): Promise<Figures> {
  progress("ready time ...");
  const ready = await measureReadyTime(flags.isolation, plan.starts);
  const region = await RegionProcess.start(flags.isolation);
  try {
    progress("memory ...");
    const idleMb = measureIdleRegion(region);
    const environments: EnvironmentMemory[] = [];
    for (const language of LANGUAGES) environments.push(await measureEnvironments(region, language, plan.environments));
    progress("cold start ...");
    const cold: ColdFigures[] = [];
    for (const language of LANGUAGES) cold.push(await measureColdStart(region, language, plan.functions));
    progress("warm invoke ...");
    const warm = await measureWarmInvoke(region, plan);
    progress("asynchronous invoke ...");
    const asynchronous = await measureAsync(region, plan);
    return {
      date: new Date().toISOString().slice(0, 16),
      machine: `${availableParallelism()} x ${cpus()[0]?.model ?? process.arch}`,
      node: process.versions.node,
      region: region.announcement,
      ready,
      idleMb,
      environments,
      warm,
      asynchronous,
      cold,
    };
  } finally {
    await region.stop();
  }
}

const figures = await measure(flags.quick ? QUICK : FULL);
const json = `${JSON.stringify(figures, null, 2)}\n`;
if (flags.json === "-") process.stdout.write(json);
else {
  process.stdout.write(`\n${render(figures)}\n`);
  if (flags.json !== undefined) await writeFile(flags.json, json);
}
