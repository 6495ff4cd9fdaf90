/**
 * Which isolation holds the functions of this region: the one asked for, or the strongest that works on this machine.
 * A driver that was asked for and does not work is an error, never a silent step down.
 */
import { probe as probeContainer } from "./container/probe.ts";
import { guardDriver } from "./guarded.ts";
import { probe as probeGvisor } from "./gvisor/probe.ts";
import { probe as probeMicrovm } from "./microvm/probe.ts";
import { probe as probeProcess } from "./process/probe.ts";
import type { IsolationName, Probe, SandboxDriver } from "./sandbox.ts";
import { SandboxError } from "./sandbox-error.ts";

interface Candidate {
  /** It can take snapshots. */
  readonly hasSnapshots?: true;
  readonly name: IsolationName;
  /** It walls more off than another that works, at a price that only who runs the functions can decide to pay. */
  readonly isOnlyByName?: true;
  readonly probe: () => Promise<Probe> | Probe;
  readonly open: () => Promise<SandboxDriver>;
}

export interface RejectedDriver {
  readonly name: IsolationName;
  readonly reason: string;
  readonly hint: string;
}

export interface SelectedDriver {
  readonly driver: SandboxDriver;
  /** Stronger drivers that do not work here, and why: for the log at start. */
  readonly rejected: readonly RejectedDriver[];
}

/** Strongest first. Only the driver that is opened is loaded: memory and time of a start. */
const CANDIDATES: readonly Candidate[] = [
  {
    name: "microvm",
    isOnlyByName: true,
    probe: probeMicrovm,
    open: async () => (await import("./microvm/driver.ts")).MicrovmDriver.open(),
  },
  {
    name: "gvisor",
    isOnlyByName: true,
    hasSnapshots: true,
    probe: probeGvisor,
    open: async () => (await import("./gvisor/driver.ts")).GvisorDriver.open(),
  },
  {
    name: "container",
    probe: probeContainer,
    open: async () => (await import("./container/driver.ts")).ContainerDriver.open(),
  },
  {
    name: "process",
    probe: probeProcess,
    open: async () => (await import("./process/driver.ts")).ProcessDriver.open(),
  },
];

/** What each driver says about this machine, strongest first: for `alonzo doctor`. */
export function probeDrivers(): Promise<{ readonly name: IsolationName; readonly probe: Probe }[]> {
  return Promise.all(CANDIDATES.map(async ({ name, probe }) => ({ name, probe: await probe() })));
}

/**
 * Choose and open a driver, guarded.
 * @throws SandboxError with reason and hint when the one asked for, or none at all, is usable
 */
export async function selectDriver(requested: "auto" | IsolationName): Promise<SelectedDriver> {
  const candidates = CANDIDATES.filter(({ name, isOnlyByName }) =>
    requested === "auto" ? isOnlyByName !== true : requested === name,
  );
  const rejected: RejectedDriver[] = [];
  for (const { name, probe, open } of candidates) {
    const answer = await probe();
    if (!answer.usable) {
      rejected.push({ name, reason: answer.reason, hint: answer.hint });
      continue;
    }
    try {
      return { driver: guardDriver(await open()), rejected };
    } catch (error) {
      const hint = (error instanceof SandboxError ? error.hint : undefined) ?? "see `alonzo doctor`";
      rejected.push({ name, reason: (error as Error).message, hint });
    }
  }
  const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new SandboxError(`no usable isolation (${reasons})`, { hint: rejected.map(({ hint }) => hint).join("; ") });
}

/**
 * A driver for environments that come from snapshots, beside one that has none.
 * @returns the reason when there is none on this machine
 */
export async function selectSnapshotDriver(main: SandboxDriver): Promise<SandboxDriver | string> {
  if (main.snapshots) return main;
  const reasons: string[] = [];
  for (const { name, probe, open, hasSnapshots } of CANDIDATES) {
    if (!hasSnapshots || name === main.name) continue;
    const answer = await probe();
    if (!answer.usable) {
      reasons.push(`${name}: ${answer.reason} (${answer.hint})`);
      continue;
    }
    try {
      return guardDriver(await open());
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message}`);
    }
  }
  return `no isolation of this machine takes snapshots${reasons.length > 0 ? `; ${reasons.join("; ")}` : ""}`;
}
