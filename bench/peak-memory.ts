/** The most memory that a process has used since a moment. Linux only. */
import { readFileSync, writeFileSync } from "node:fs";

function statusMb(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN) / 1024;
}

export class PeakMemory {
  readonly #pid: number;
  /** MB resident at the moment. */
  readonly beforeMb: number;

  /** From now on. */
  constructor(pid: number) {
    this.#pid = pid;
    // 5: the kernel's mark of the most that was resident begins anew.
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
    this.beforeMb = statusMb(pid, "VmRSS");
  }

  get peakMb(): number {
    return statusMb(this.#pid, "VmHWM");
  }
}
