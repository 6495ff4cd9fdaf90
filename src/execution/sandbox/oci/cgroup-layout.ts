/**
 * How control groups are laid out on this machine: version 1 (a tree per controller), version 2 (one tree), or hybrid
 * (version 1 with an empty version 2 tree beside it). The same few questions are answered from differently named files.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where a figure or switch of one cgroup stands in each version. */
interface Files {
  readonly memoryUsage: string;
  /** undefined where the kernel has none */
  readonly memoryPeak: string | undefined;
  readonly memoryStatistics: string;
  /** Line of memoryStatistics that counts files, /tmp among them. */
  readonly fileBytesLine: string;
  /** Line that counts files of those that are in memory only: /tmp, and what processes share. */
  readonly sharedBytesLine: string;
  readonly oomEvents: string;
  readonly freezer: string;
  readonly frozen: string;
  readonly thawed: string;
  readonly processes: string;
}

export interface CgroupLayout {
  readonly kind: "v1" | "hybrid" | "v2";
  /** Every mounted hierarchy: what must be cleaned up in each. */
  readonly hierarchies: readonly string[];
  /** v1: hierarchy of each controller; v2: all the same. */
  readonly memory: string;
  readonly freezer: string;
  readonly cpu: string;
  /** undefined where processes are not counted */
  readonly pids: string | undefined;
  readonly files: Files;
  /** Whether swap is accounted, so that it can be forbidden. */
  readonly hasSwapAccounting: boolean;
}

const V1_FILES: Files = {
  memoryUsage: "memory.usage_in_bytes",
  memoryPeak: "memory.max_usage_in_bytes",
  memoryStatistics: "memory.stat",
  fileBytesLine: "total_cache",
  sharedBytesLine: "total_shmem",
  oomEvents: "memory.oom_control",
  freezer: "freezer.state",
  frozen: "FROZEN",
  thawed: "THAWED",
  processes: "cgroup.procs",
};

const V2_FILES: Files = {
  memoryUsage: "memory.current",
  memoryPeak: "memory.peak",
  memoryStatistics: "memory.stat",
  fileBytesLine: "file",
  sharedBytesLine: "shmem",
  oomEvents: "memory.events",
  freezer: "cgroup.freeze",
  frozen: "1",
  thawed: "0",
  processes: "cgroup.procs",
};

/** @returns undefined when memory or freezer control is missing */
export function readCgroupLayout(mounts = readFileSync("/proc/self/mounts", "latin1")): CgroupLayout | undefined {
  const rows = mounts.split("\n").map((line) => line.split(" "));
  const v2 = rows.find(([, , type]) => type === "cgroup2")?.[1];
  // A hierarchy may be mounted again elsewhere, as in a chroot: its first place is the system's own.
  const mounted = new Set<string | undefined>();
  const v1 = rows.filter(([, , type, options]) => {
    if (type !== "cgroup" || mounted.has(options)) return false;
    mounted.add(options);
    return true;
  });
  const controller = (name: string): string | undefined =>
    v1.find(([, , , options]) => options?.split(",").includes(name))?.[1];
  const memory = controller("memory");
  const freezer = controller("freezer");
  const cpu = controller("cpu");
  const hierarchies = v1.map(([, path]) => path as string);
  if (memory !== undefined && freezer !== undefined && cpu !== undefined) {
    return {
      kind: v2 === undefined ? "v1" : "hybrid",
      hierarchies: v2 === undefined ? hierarchies : [...hierarchies, v2],
      memory,
      freezer,
      cpu,
      pids: controller("pids"),
      files: V1_FILES,
      hasSwapAccounting: existsSync(join(memory, "memory.memsw.limit_in_bytes")),
    };
  }
  if (v2 === undefined) return undefined;
  const controllers = readFileSync(join(v2, "cgroup.controllers"), "latin1").trim().split(" ");
  if (!["memory", "cpu", "pids"].every((name) => controllers.includes(name))) return undefined;
  return {
    kind: "v2",
    hierarchies: [v2],
    memory: v2,
    freezer: v2,
    cpu: v2,
    pids: v2,
    files: V2_FILES,
    hasSwapAccounting: true,
  };
}
