/** First invokes of many fresh functions, all at the same moment. */
import { invoke, remove } from "../src/cli/function-calls.ts";
import { deployEcho, type Language } from "./bench-functions.ts";
import { spawnMs } from "./cold-start.ts";
import type { RegionProcess } from "./region-process.ts";
import { median } from "./statistics.ts";

const SPAWNS = 10;

export interface BurstFigures {
  readonly language: string;
  readonly functions: number;
  /** From the first request to the last answer. */
  readonly allMs: number;
  readonly errors: number;
  readonly spawnP50Ms: number;
}

export async function measureColdBurst(
  region: RegionProcess,
  language: Language,
  functions: number,
): Promise<BurstFigures> {
  const names = Array.from({ length: functions }, (_, index) => `bench-burst-${language.name.toLowerCase()}-${index}`);
  for (const name of names) await deployEcho(region, language, name, name);
  const spawned: number[] = [];
  for (let spawn = 0; spawn < SPAWNS; spawn++) spawned.push(await spawnMs(language.spawn));
  const started = performance.now();
  const answers = await Promise.allSettled(names.map((name) => invoke(region.client, name, { payload: '{"a":1}' })));
  const allMs = performance.now() - started;
  const isGood = (one: (typeof answers)[number]) => one.status === "fulfilled" && isEcho(one.value.payload);
  for (const name of names) await remove(region.client, name);
  return {
    language: language.name,
    functions,
    allMs,
    errors: answers.filter((one) => !isGood(one)).length,
    spawnP50Ms: median(spawned),
  };
}

function isEcho(payload: string): boolean {
  try {
    return JSON.stringify(JSON.parse(payload)) === '{"a":1}';
  } catch {
    return false;
  }
}
