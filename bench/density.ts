/** How many idle environments live at once, and what each takes. */
import { invoke, remove } from "../src/cli/function-calls.ts";
import { deployEcho, type Language } from "./bench-functions.ts";
import { sandboxProcesses } from "./idle-environments.ts";
import { pssMb } from "./process-figures.ts";
import type { RegionProcess } from "./region-process.ts";

const TOGETHER = 4;
/** ms: idle environments are frozen a moment after their last work */
const UNTIL_FROZEN_MS = 1000;

export interface DensityFigures {
  readonly language: string;
  readonly wanted: number;
  /** Of those, how many were there at the end. */
  readonly alive: number;
  /** Processes inside, for one environment. */
  readonly functionMb: number;
  /** By how much the platform itself grew, for one environment. */
  readonly platformMb: number;
}

export async function measureDensity(
  region: RegionProcess,
  language: Language,
  wanted: number,
): Promise<DensityFigures> {
  const names = Array.from({ length: wanted }, (_, index) => `bench-density-${language.name.toLowerCase()}-${index}`);
  for (const name of names) await deployEcho(region, language, name);
  const before = pssMb([region.pid]);
  const others = new Set(sandboxProcesses(region.pid).idle.flat());
  for (let first = 0; first < wanted; first += TOGETHER) {
    const some = names.slice(first, first + TOGETHER);
    await Promise.all(some.map((name) => invoke(region.client, name, { payload: "{}" })));
  }
  await new Promise((resolve) => setTimeout(resolve, UNTIL_FROZEN_MS));
  const idle = sandboxProcesses(region.pid).idle.filter((pids) => !pids.some((pid) => others.has(pid)));
  const figures = {
    language: language.name,
    wanted,
    alive: idle.length,
    functionMb: pssMb(idle.flat()) / idle.length,
    platformMb: (pssMb([region.pid]) - before) / wanted,
  };
  for (const name of names) await remove(region.client, name);
  return figures;
}
