/** A control group that the driver makes itself, for what is run in it, where the OCI runtime is not to. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupLayout } from "./cgroup-layout.ts";
import { type Limits, weightOf } from "./limits.ts";

/** @returns the files into which a process writes its number to be in it */
export function makeGroup(
  layout: CgroupLayout,
  path: string,
  { memoryBytes, cpuShares }: Limits,
  mostProcesses: number,
): string[] {
  const { memory, cpu, freezer, pids, files } = layout;
  const hierarchies = [...new Set([memory, cpu, freezer, ...(pids === undefined ? [] : [pids])])];
  for (const hierarchy of hierarchies) mkdirSync(join(hierarchy, path), { recursive: true });
  const write = (hierarchy: string, file: string, value: number) => {
    writeFileSync(join(hierarchy, path, file), String(value), { flag: "r+" });
  };
  if (layout.kind === "v2") {
    write(memory, "memory.max", memoryBytes);
    write(memory, "memory.swap.max", 0);
    write(cpu, "cpu.weight", weightOf(cpuShares));
  } else {
    write(memory, "memory.limit_in_bytes", memoryBytes);
    if (layout.hasSwapAccounting) write(memory, "memory.memsw.limit_in_bytes", memoryBytes);
    else write(memory, "memory.swappiness", 0);
    write(cpu, "cpu.shares", cpuShares);
  }
  if (pids !== undefined) write(pids, "pids.max", mostProcesses);
  return hierarchies.map((hierarchy) => join(hierarchy, path, files.processes));
}
