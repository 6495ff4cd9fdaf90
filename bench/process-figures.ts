/** What the kernel says of processes: CPU time, memory, family. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

/** Kernel ticks of CPU time a second: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the command in parentheses and may hold anything, so count from its end.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** User and system time of all threads of the process, in µs. */
export function cpuTimeUs(pid: number): number {
  const fields = statFields(pid);
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The process and everything that descends from it. */
export function familyOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    try {
      const parent = Number(statFields(pid)[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch {
      // It ended while we looked.
    }
  }
  const family: number[] = [];
  const visit = (pid: number): void => {
    family.push(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  return family;
}

/** Processes that were started for the function of this name: not those that were started ahead. */
export function processesOfFunction(name: string): number[] {
  return allPids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`AWS_LAMBDA_FUNCTION_NAME=${name}`);
    } catch {
      return false;
    }
  });
}

/** Proportional set size in MB: shared pages counted by share, so sums are true. */
export function pssMb(pids: Iterable<number>): number {
  let kilobytes = 0;
  for (const pid of pids) {
    try {
      kilobytes += Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0);
    } catch {
      // It ended while we looked, or it is another user's.
    }
  }
  return kilobytes / 1024;
}
