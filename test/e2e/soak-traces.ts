/** What a region occupies on the machine, counted from outside: to tell what is left of functions that are gone. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface Traces {
  readonly processes: number;
  /** Processes of users that belong to the region's sandboxes, whose children they no longer are. */
  readonly inside: number;
  /** Of every kind, of the region and of what is inside. */
  readonly namespaces: number;
  /** Ends of network cables. */
  readonly cables: number;
  readonly mounts: number;
  /** Descriptors, by what they are. */
  readonly sockets: number;
  readonly files: number;
  readonly networks: number;
  readonly cgroups: number;
  /** Files and directories below the region's run directory. */
  readonly entries: number;
}

/** As sandbox/oci/user-ids.ts gives them out. */
const FIRST_USER_ID = 1_000_000;
const USER_IDS_PER_REGION = 4096;

/** @param pid of the region */
export function tracesOf(pid: number): Traces {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  const lock = links.find((path) => /^\/run\/alonzo\/\d+\.lock$/.test(path));
  const directory = lock?.replace(/\.lock$/, "");
  const sockets = links.filter((link) => link.startsWith("socket:")).length;
  const networks = links.filter((link) => link.startsWith("net:")).length;
  const number = directory === undefined ? undefined : Number(basename(directory));
  const inside = number === undefined ? [] : processesInside(number);
  return {
    processes: descendantsOf(pid),
    inside: inside.length,
    namespaces: namespacesOf([pid, ...inside]),
    cables:
      number === undefined ? 0 : namesIn("/sys/class/net").filter((name) => name.startsWith(`alz${number}-`)).length,
    mounts: directory === undefined ? 0 : mountsBelow(pid, directory),
    sockets,
    networks,
    files: links.length - sockets - networks,
    cgroups: directory === undefined ? 0 : cgroupsOf(directory),
    entries: directory === undefined ? 0 : entriesBelow(directory),
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

function processesInside(region: number): number[] {
  const first = FIRST_USER_ID + region * USER_IDS_PER_REGION;
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const status = textOf(`/proc/${pid}/status`);
      const user = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      // A dead one that the machine's process 1 has not yet collected is nothing any more.
      return user >= first && user < first + USER_IDS_PER_REGION && !/^State:\s+[ZX]/m.test(status);
    });
}

function namespacesOf(pids: readonly number[]): number {
  const links = pids.flatMap((pid) => namesIn(`/proc/${pid}/ns`).map((name) => linkOf(`/proc/${pid}/ns/${name}`)));
  return new Set(links.filter((link) => link !== "")).size;
}

/** What the OCI runtime made of /usr, and whatever else is mounted, is not the region's: it would never end. */
function entriesBelow(directory: string): number {
  const own = join(directory, "root");
  const count = (path: string): number =>
    listOf(path).reduce((sum, below) => sum + 1 + (below === own ? 0 : count(below)), 0);
  return count(directory);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
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
