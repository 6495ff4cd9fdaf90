/** First invokes of fresh functions, one at a time, in turns with a plain start of the same interpreter. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { invoke, remove } from "../src/cli/function-calls.ts";
import { deployEcho, type Language } from "./bench-functions.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

export interface ColdFigures {
  readonly language: string;
  readonly functions: number;
  readonly coldP50Ms: number;
  readonly coldP99Ms: number;
  readonly spawnP50Ms: number;
  readonly spawnP99Ms: number;
}

export async function spawnMs([program, ...args]: Language["spawn"]): Promise<number> {
  const started = performance.now();
  const [code] = await once(spawn(program, args, { stdio: "ignore" }), "exit");
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return performance.now() - started;
}

/** Wall time at the caller: signature, HTTP, admission, sandbox, init and the handler itself. */
async function firstInvokeMs(region: RegionProcess, name: string): Promise<number> {
  const { wallMs, functionError, payload } = await invoke(region.client, name, { payload: '{"a":1}' });
  if (functionError !== undefined) throw new Error(`${name} failed: ${payload}`);
  return wallMs;
}

export async function measureColdStart(
  region: RegionProcess,
  language: Language,
  functions: number,
): Promise<ColdFigures> {
  const names = Array.from({ length: functions }, (_, index) => `bench-cold-${language.name.toLowerCase()}-${index}`);
  for (const name of names) await deployEcho(region, language, name, name);
  const cold: number[] = [];
  const spawned: number[] = [];
  // The first of both pays for what is cold in the machine and in the caller (disk, connections), and is not counted.
  const [warmUp = "", ...rest] = names;
  await firstInvokeMs(region, warmUp);
  await spawnMs(language.spawn);
  for (const name of rest) {
    spawned.push(await spawnMs(language.spawn));
    cold.push(await firstInvokeMs(region, name));
  }
  // Their idle environments would count as memory of the measurements that follow.
  for (const name of names) await remove(region.client, name);
  return {
    language: language.name,
    functions: cold.length,
    coldP50Ms: median(cold),
    coldP99Ms: percentile(cold, 0.99),
    spawnP50Ms: median(spawned),
    spawnP99Ms: percentile(spawned, 0.99),
  };
}
