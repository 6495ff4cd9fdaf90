/**
 * The control group of one sandbox while something runs in it: freeze, figures of memory, killing. The group itself is
 * made and limited by the OCI runtime; files are kept open because freeze and figures are on the hot path.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmdirSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CgroupLayout } from "./cgroup-layout.ts";
import { limitsOf, raiseLimits, type Size } from "./limits.ts";

const MB = 1024 * 1024;
const buffer = Buffer.allocUnsafe(8192);

function isGone(error: unknown): boolean {
  return ["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** What of a group's usage is not the function's own, in bytes. `statistic` reads a line of the group's statistics. */
export type NotOwn = (usage: number, statistic: (line: string) => number) => number;

export class Cgroup {
  readonly #layout: CgroupLayout;
  /** Path below each hierarchy. */
  readonly #path: string;
  #memoryLimitMb: number;
  readonly #notOwn: NotOwn;
  readonly #freezer: number;
  readonly #usage: number;
  readonly #statistics: number;
  readonly #peak: number | undefined;
  #highestUsage = -1;
  #seenUsage = 0;
  /** Of that, the function's own. */
  #seenOwn = 0;
  #mostNotOwn = 0;
  #peakBytes = 0;

  /**
   * Opens the files of a group that exists.
   * @param notOwn files, where the function's processes are the host's
   */
  constructor(
    layout: CgroupLayout,
    path: string,
    memoryLimitMb: number,
    notOwn: NotOwn = (_, statistic) => statistic(layout.files.fileBytesLine),
  ) {
    this.#layout = layout;
    this.#path = path;
    this.#memoryLimitMb = memoryLimitMb;
    this.#notOwn = notOwn;
    const { files } = layout;
    this.#freezer = openSync(join(layout.freezer, path, files.freezer), "r+");
    this.#usage = openSync(join(layout.memory, path, files.memoryUsage), "r");
    this.#statistics = openSync(join(layout.memory, path, files.memoryStatistics), "r");
    this.#peak = this.#openPeak();
  }

  /** The sandbox is a function's of this size from now on. */
  raise(size: Size): void {
    raiseLimits(this.#layout, this.#path, limitsOf(size));
    this.#memoryLimitMb = size.memoryMb;
  }

  freeze(): void {
    writeSync(this.#freezer, this.#layout.files.frozen);
  }

  thaw(): void {
    writeSync(this.#freezer, this.#layout.files.thawed);
  }

  /**
   * Look at what is held now, for the peak too.
   * @returns whether it is more than the function's memory; files in /tmp are in the group's usage, but not in that
   */
  isOverLimit(): boolean {
    const usage = this.#number(this.#usage);
    const limit = this.#memoryLimitMb * MB;
    if (usage > limit || Math.abs(usage - this.#seenUsage) >= MB) this.#look(usage);
    return this.#seenOwn > limit;
  }

  /** MB, at least 1, at most the limit. The statistics are read only when the kernel's own high-water mark has moved. */
  peakMemoryMb(): number {
    try {
      const usage = this.#number(this.#usage);
      const highest = this.#peak === undefined ? usage : this.#number(this.#peak);
      if (highest !== this.#highestUsage) {
        this.#highestUsage = highest;
        this.#look(usage);
        // The kernel's mark counts all: the most that was seen of what is not the function's is the best guess of what was.
        this.#peakBytes = Math.max(this.#peakBytes, highest - this.#mostNotOwn);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    return Math.min(this.#memoryLimitMb, Math.max(1, Math.ceil(this.#peakBytes / MB)));
  }

  /** How often the kernel killed in this group for want of memory. */
  oomKills(): number {
    try {
      const events = readFileSync(join(this.#layout.memory, this.#path, this.#layout.files.oomEvents), "latin1");
      return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
    } catch (error) {
      if (isGone(error)) return 0;
      throw error;
    }
  }

  close(): void {
    for (const fd of [this.#freezer, this.#usage, this.#statistics, this.#peak]) if (fd !== undefined) closeSync(fd);
  }

  #openPeak(): number | undefined {
    const name = this.#layout.files.memoryPeak;
    if (name === undefined) return undefined;
    try {
      return openSync(join(this.#layout.memory, this.#path, name), "r");
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  #look(usage: number): void {
    const text = buffer.toString("latin1", 0, readSync(this.#statistics, buffer, 0, buffer.length, 0));
    const notOwn = this.#notOwn(usage, (line) => statisticIn(text, line));
    this.#seenUsage = usage;
    this.#seenOwn = usage - notOwn;
    this.#mostNotOwn = Math.max(this.#mostNotOwn, notOwn);
    this.#peakBytes = Math.max(this.#peakBytes, this.#seenOwn);
  }

  #number(fd: number): number {
    return Number(buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0)));
  }
}

function statisticIn(text: string, name: string): number {
  const start = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
  return Number.parseInt(text.slice(start + name.length), 10) || 0;
}

/** Kill every process in a group and in the groups below it, frozen ones too. @returns whether any was found */
export function killCgroup(layout: CgroupLayout, path: string): boolean {
  const { files, hierarchies, freezer } = layout;
  const pids = new Set(hierarchies.flatMap((hierarchy) => processesBelow(join(hierarchy, path), files.processes)));
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  // A frozen process of version 1 dies of its SIGKILL only when thawed.
  thawBelow(join(freezer, path), layout);
  return pids.size > 0;
}

function thawBelow(directory: string, layout: CgroupLayout): void {
  try {
    writeFileSync(join(directory, layout.files.freezer), layout.files.thawed, { flag: "r+" });
    for (const child of children(directory)) thawBelow(child, layout);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Send a signal to process 1 of the sandbox, if it is alive. */
export function signalInit(layout: CgroupLayout, path: string, signal: NodeJS.Signals): void {
  const init = processesBelow(join(layout.memory, path), layout.files.processes).find(isProcessOne);
  try {
    if (init !== undefined) process.kill(init, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Numbers tell nothing of age, for the kernel begins anew: the last of NSpid is what the sandbox itself calls the process. */
function isProcessOne(pid: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

/** Delete a group in every hierarchy. Waits for processes on their way out. */
export async function removeCgroup(layout: CgroupLayout, path: string): Promise<void> {
  for (const hierarchy of layout.hierarchies) {
    for (let attempt = 0; !removeTree(join(hierarchy, path)) && attempt < 200; attempt++) {
      await sleep(5);
      killCgroup(layout, path);
    }
  }
}

function processesBelow(directory: string, file: string): number[] {
  try {
    const own = readFileSync(join(directory, file), "latin1").split("\n").filter(Boolean).map(Number);
    return [...own, ...children(directory).flatMap((child) => processesBelow(child, file))];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function children(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(directory, entry.name));
}

/** @returns false while something still lives in it */
function removeTree(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
  }
  try {
    if (!children(directory).map(removeTree).every(Boolean)) return false;
    rmdirSync(directory);
    return true;
  } catch (error) {
    return isGone(error);
  }
}
