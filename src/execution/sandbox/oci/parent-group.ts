/** The control groups in which those of a region's sandboxes stand: `alonzo`, of all regions, and in it the region's. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CgroupLayout } from "./cgroup-layout.ts";

/** How much of the machine all functions together may take while the region and others want it too: 8 to their 1. */
const WEIGHT = 8;
/** Processes that start meanwhile may have to be moved too. */
const MOST_MOVES = 10;

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Make the group in which the groups of a region's sandboxes will stand. */
export function prepareParentGroup(layout: CgroupLayout, path: string): void {
  const [file, unit] = layout.kind === "v2" ? (["cpu.weight", 100] as const) : (["cpu.shares", 1024] as const);
  if (layout.kind === "v2") handOn(layout.memory);
  for (const group of [dirname(path), path]) {
    for (const hierarchy of layout.hierarchies) mkdirSync(join(hierarchy, group), { recursive: true });
    if (layout.kind === "v2") handOn(join(layout.memory, group));
    writeFileSync(join(layout.cpu, group, file), String(unit * WEIGHT));
  }
  if (layout.kind !== "v2") keepFreezerWarm(layout, path);
}

/** Version 2: a group hands controllers to its children only when told to, and only when no process is in itself. */
function handOn(directory: string): void {
  for (let move = 0; ; move++) {
    try {
      writeFileSync(join(directory, "cgroup.subtree_control"), "+memory +cpu +pids");
      return;
    } catch (error) {
      if (codeOf(error) !== "EBUSY" || move === MOST_MOVES) throw error;
    }
    moveProcessesDown(directory);
  }
}

/**
 * The top of the tree that a container with cgroups of its own sees is no exception, as the machine's is: all processes
 * of the container start there. They go where Docker's own image for Docker puts them.
 */
function moveProcessesDown(directory: string): void {
  const target = join(directory, "init");
  mkdirSync(target, { recursive: true });
  for (const pid of readFileSync(join(directory, "cgroup.procs"), "latin1").split("\n").filter(Boolean)) {
    try {
      writeFileSync(join(target, "cgroup.procs"), pid);
    } catch (error) {
      // It has ended meanwhile.
      if (codeOf(error) !== "ESRCH") throw error;
    }
  }
}

/**
 * Version 1 of the freezer patches the kernel's own code whenever the first group of the machine freezes or the last one
 * thaws. One empty group that stays frozen spares every invocation that: measured 100 µs against 5 to 10.
 */
function keepFreezerWarm(layout: CgroupLayout, path: string): void {
  const group = join(layout.freezer, path, "always-frozen");
  mkdirSync(group, { recursive: true });
  writeFileSync(join(group, layout.files.freezer), layout.files.frozen);
}

/** Delete the group above those of all regions, unless another region has its own in it. */
export function removeParentGroup(layout: CgroupLayout, path: string): void {
  for (const hierarchy of layout.hierarchies) {
    try {
      rmdirSync(join(hierarchy, path));
    } catch (error) {
      if (!["EBUSY", "ENOENT", "ENODEV"].includes(codeOf(error) ?? "")) throw error;
    }
  }
}
