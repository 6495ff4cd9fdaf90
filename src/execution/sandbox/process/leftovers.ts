/**
 * What a region killed with SIGKILL leaves of this driver: process groups and a directory in the system's temporary
 * directory. Each directory names its owner (`alonzo-<pid>-...`), each sandbox in it records the group it started.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const GROUP_FILE = "group";

/** When a process started, in ticks since boot: with its number this names it for ever. Undefined outside Linux. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the command in parentheses and may hold anything, so count from its end.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Note a process group that a sandbox runs, for a later sweep. @param isFirst nothing else of it runs */
export function recordGroup(sandboxDirectory: string, pid: number, isFirst: boolean): void {
  const flag = isFirst ? "w" : "a";
  writeFileSync(join(sandboxDirectory, GROUP_FILE), `${pid} ${startTime(pid) ?? ""}\n`, { flag });
}

function killRecordedGroups(sandboxDirectory: string): void {
  try {
    const records = readFileSync(join(sandboxDirectory, GROUP_FILE), "latin1");
    for (const record of records.split("\n")) killRecordedGroup(record);
  } catch {
    // It never ran anything.
  }
}

function killRecordedGroup(record: string): void {
  const [pid = "", started = ""] = record.split(" ");
  // Without a start time (macOS) the number may belong to another by now: leave it alone.
  if (started === "" || startTime(Number(pid)) !== started) return;
  try {
    process.kill(-Number(pid), "SIGKILL");
  } catch {
    // It ended between the look and the kill.
  }
}

/** Kill and delete what dead regions left under `temporary`. Directories of other users are left alone. */
export function sweepProcesses(temporary: string): void {
  for (const name of readdirSync(temporary)) {
    const owner = /^alonzo-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const directory = join(temporary, name);
    try {
      for (const sandbox of readdirSync(directory)) killRecordedGroups(join(directory, sandbox));
      rmSync(directory, { recursive: true, force: true });
    } catch (error) {
      if (!["EACCES", "EPERM", "ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}
