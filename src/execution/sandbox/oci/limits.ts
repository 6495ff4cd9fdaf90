/** How much of the machine a function of some size may take, and how a control group is told so when it exists already. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupLayout } from "./cgroup-layout.ts";

const MB = 1024 * 1024;
/** AWS documentation, "Configure Lambda function memory": at 1,769 MB a function has the equivalent of one vCPU. */
const MB_PER_CPU = 1769;
const SHARES_PER_CPU = 1024;

export interface Size {
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
}

export interface Limits {
  readonly memoryBytes: number;
  readonly cpuShares: number;
}

export function limitsOf({ memoryMb, ephemeralStorageMb }: Size): Limits {
  return {
    // /tmp is memory, which the kernel charges to the same group: memory-watcher.ts holds the function's own share.
    memoryBytes: (memoryMb + ephemeralStorageMb) * MB,
    // Shares, not a quota: a function alone on the machine may use what nobody else wants, and a quota would stall
    // short invocations of small functions for whole scheduler periods.
    cpuShares: Math.max(2, Math.round((memoryMb / MB_PER_CPU) * SHARES_PER_CPU)),
  };
}

/** Version 2 weighs from 1 to 10000 what version 1 weighs from 2 to 262144: converted as OCI runtimes do. */
export function weightOf(cpuShares: number): number {
  return Math.floor(1 + ((cpuShares - 2) * 9999) / 262142);
}

/** Give a group the limits of a function that is no smaller than what it was made for. */
export function raiseLimits(layout: CgroupLayout, path: string, { memoryBytes, cpuShares }: Limits): void {
  const write = (hierarchy: string, file: string, value: number) => {
    writeFileSync(join(hierarchy, path, file), String(value), { flag: "r+" });
  };
  if (layout.kind === "v2") {
    write(layout.memory, "memory.max", memoryBytes);
    write(layout.cpu, "cpu.weight", weightOf(cpuShares));
    return;
  }
  // Memory and swap together may never be less than memory.
  if (layout.hasSwapAccounting) write(layout.memory, "memory.memsw.limit_in_bytes", memoryBytes);
  write(layout.memory, "memory.limit_in_bytes", memoryBytes);
  write(layout.cpu, "cpu.shares", cpuShares);
}
