/** Memory (PSS) of an idle region, and of each idle execution environment on top of it. */
import { invoke } from "../src/cli/function-calls.ts";
import { deployEcho, type Language } from "./bench-functions.ts";
import { sandboxProcesses } from "./idle-environments.ts";
import { familyOf, processesOfFunction, pssMb } from "./process-figures.ts";
import type { RegionProcess } from "./region-process.ts";

/** ms: idle environments are frozen a moment after their last work, by which those in containers are found */
const UNTIL_FROZEN_MS = 1000;

export interface EnvironmentMemory {
  readonly language: string;
  readonly environments: number;
  /** The function's own processes, for one environment. */
  readonly functionMb: number;
  /** By how much the platform itself grew, for one environment. */
  readonly platformMb: number;
}

/** The region's process and its helpers, without functions. */
export function measureIdleRegion(region: RegionProcess): number {
  return pssMb(familyOf(region.pid));
}

export interface CellMemory {
  readonly cells: number;
  /** All processes of one. */
  readonly cellMb: number;
}

/** Of what the region has started ahead by now: sandboxes that wait for a function, when no function runs. */
export function measureCells(region: RegionProcess): CellMemory {
  const { others } = sandboxProcesses(region.pid);
  return { cells: others.length, cellMb: pssMb(others.flat()) / Math.max(1, others.length) };
}

/** Makes as many environments as there are functions: one each. */
export async function measureEnvironments(
  region: RegionProcess,
  language: Language,
  environments: number,
): Promise<EnvironmentMemory> {
  const names = Array.from({ length: environments }, (_, index) => `bench-memory-${language.name}-${index}`);
  for (const name of names) await deployEcho(region, language, name);
  const before = pssMb(familyOf(region.pid));
  const earlier = new Set(sandboxProcesses(region.pid).idle.flat());
  for (const name of names) await invoke(region.client, name, { payload: "{}" });
  await new Promise((resolve) => setTimeout(resolve, UNTIL_FROZEN_MS));
  const idle = sandboxProcesses(region.pid).idle.flat();
  const ofFunctions = new Set([...idle.filter((pid) => !earlier.has(pid)), ...names.flatMap(processesOfFunction)]);
  const ofPlatform = familyOf(region.pid).filter((pid) => !ofFunctions.has(pid));
  return {
    language: language.name,
    environments,
    functionMb: pssMb(ofFunctions) / environments,
    platformMb: (pssMb(ofPlatform) - before) / environments,
  };
}
