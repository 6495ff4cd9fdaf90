/** The control group of one machine: what QEMU may take of the host. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupLayout } from "../oci/cgroup-layout.ts";
import { limitsOf, weightOf } from "../oci/limits.ts";

const MB = 1024 * 1024;

/**
 * Make the group, and put a process into it.
 * @param memoryMb of the function, by which it weighs
 */
export function enterGroup(
  layout: CgroupLayout,
  path: string,
  pid: number,
  memoryMb: number,
  hostMemoryMb: number,
): void {
  const groups = [...new Set([layout.memory, layout.cpu, layout.freezer])].map((hierarchy) => join(hierarchy, path));
  for (const group of groups) mkdirSync(group, { recursive: true });
  const write = (hierarchy: string, file: string, value: number): void => {
    const target = join(hierarchy, path, file);
    if (existsSync(target)) writeFileSync(target, String(value), { flag: "r+" });
  };
  const { cpuShares } = limitsOf({ memoryMb, ephemeralStorageMb: 0 });
  if (layout.kind === "v2") {
    write(layout.memory, "memory.max", hostMemoryMb * MB);
    write(layout.memory, "memory.swap.max", 0);
    write(layout.cpu, "cpu.weight", weightOf(cpuShares));
  } else {
    write(layout.memory, "memory.limit_in_bytes", hostMemoryMb * MB);
    write(layout.memory, "memory.memsw.limit_in_bytes", hostMemoryMb * MB);
    write(layout.cpu, "cpu.shares", cpuShares);
  }
  for (const group of groups) writeFileSync(join(group, layout.files.processes), String(pid));
}
