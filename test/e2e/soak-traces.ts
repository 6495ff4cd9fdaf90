/** What a region occupies on the machine, counted from outside: to tell what is left of functions that are gone. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Traces {
  readonly processes: number;
  readonly mounts: number;
  /** Descriptors, by what they are. */
  readonly sockets: number;
  readonly files: number;
  readonly networks: number;
  readonly cgroups: number;
  /** Of the region's run directory. */
  readonly entries: number;
}

/** @param pid of the region */
export function tracesOf(pid: number): Traces {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  const lock = links.find((path) => /^\/run\/alonzo\/\d+\.lock$/.test(path));
  const directory = lock?.replace(/\.lock$/, "");
  const sockets = links.filter((link) => link.startsWith("socket:")).length;
  const networks = links.filter((link) => link.startsWith("net:")).length;
  return {
    processes: descendantsOf(pid),
    mounts: directory === undefined ? 0 : mountsBelow(pid, directory),
    sockets,
    networks,
    files: links.length - sockets - networks,
    cgroups: directory === undefined ? 0 : cgroupsOf(directory),
    entries: directory === undefined ? 0 : listOf(directory).length,
  };
}

/** MB of the region itself */
export function memoryOf(pid: number): number {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

/** Other regions of the machine have mounts, too. */
function mountsBelow(pid: number, directory: string): number {
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n");
  return mounts.filter((line) => line.includes(` ${directory}/`)).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return "";
  }
}

function descendantsOf(pid: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const [, parent] = /^\d+ \(.*\) \S (\d+)/s.exec(textOf(`/proc/${name}/stat`)) ?? [];
    if (parent !== undefined) children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
  }
  const count = (of: number): number => (children.get(of) ?? []).reduce((sum, child) => sum + 1 + count(child), 0);
  return count(pid);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Control groups that are named after the region's number. */
function cgroupsOf(directory: string): number {
  const name = `/alonzo/${directory.slice(dirname(directory).length + 1)}/`;
  return directoriesBelow("/sys/fs/cgroup").filter((path) => `${path}/`.includes(name)).length;
}

function directoriesBelow(directory: string): string[] {
  const here = listOf(directory);
  return here.flatMap((path) => [path, ...directoriesBelow(path)]);
}

function listOf(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}
