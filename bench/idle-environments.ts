/** The processes of a region's idle environments: those that are frozen, which cells that wait for a function are not. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCgroupLayout } from "../src/execution/sandbox/oci/cgroup-layout.ts";
import { RUN_ROOT } from "../src/execution/sandbox/oci/run-directory.ts";
import { regionCgroup } from "../src/execution/sandbox/oci/sweep.ts";

export interface SandboxProcesses {
  /** Of each idle environment, its processes. */
  readonly idle: readonly (readonly number[])[];
  /** Of each sandbox that is not frozen: cells, above all. */
  readonly others: readonly (readonly number[])[];
}

/** Empty where the region isolates without control groups. */
export function sandboxProcesses(regionPid: number): SandboxProcesses {
  const layout = readCgroupLayout();
  const number = regionNumber(regionPid);
  if (!layout || number === undefined) return { idle: [], others: [] };
  const parent = join(layout.freezer, regionCgroup(number));
  const idle: number[][] = [];
  const others: number[][] = [];
  for (const slot of readdirSync(parent).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFileSync(join(parent, slot, file), "latin1").trim();
    const pids = read(layout.files.processes).split("\n").filter(Boolean).map(Number);
    (read(layout.files.freezer) === layout.files.frozen ? idle : others).push(pids);
  }
  return { idle, others };
}

function regionNumber(pid: number): number | undefined {
  const lock = readdirSync(RUN_ROOT).find((name) => {
    return name.endsWith(".lock") && readFileSync(join(RUN_ROOT, name), "latin1").trim() === String(pid);
  });
  return lock === undefined ? undefined : Number.parseInt(lock, 10);
}
