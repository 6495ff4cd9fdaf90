/** Does the machine have what every driver of this kind needs, and if not, what is missing and how it is mended. */
import { accessSync, constants, readFileSync } from "node:fs";
import type { Probe } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { type CgroupLayout, readCgroupLayout } from "./cgroup-layout.ts";
import { hasCommand } from "./commands.ts";
import { Linux } from "./linux.ts";

type Unusable = Extract<Probe, { readonly usable: false }>;

const CAP_SYS_ADMIN = 21n;
const CAP_NET_ADMIN = 12n;

function hasCapabilities(): boolean {
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  const bits = BigInt(`0x${effective}`);
  return [CAP_SYS_ADMIN, CAP_NET_ADMIN].every((capability) => (bits >> capability) & 1n);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function unusable(reason: string, hint: string): Unusable {
  return { usable: false, reason, hint };
}

/** @param need how a complaint begins: `containers need` */
export function probeMachine(need: string): { readonly usable: true; readonly layout: CgroupLayout } | Unusable {
  if (process.platform !== "linux") return unusable(`${need} Linux`, "run Alonzo in a Linux machine");
  if (process.getuid?.() !== 0 || !hasCapabilities()) {
    return unusable(`${need} root (CAP_SYS_ADMIN, CAP_NET_ADMIN)`, "run with sudo, or in a privileged container");
  }
  try {
    Linux.open().close();
  } catch (error) {
    const hint = error instanceof SandboxError ? (error.hint ?? "") : "use the Node that npm installed";
    return unusable((error as Error).message, hint);
  }
  const layout = readCgroupLayout();
  if (!layout) {
    const hint = "mount cgroups at /sys/fs/cgroup; a container needs a host that hands it memory, cpu and pids";
    return unusable("no cgroup control of memory, cpu, pids and freezer", hint);
  }
  if (!layout.hierarchies.every(isWritable)) {
    return unusable("cgroups are mounted read-only", "run on the machine itself or in a privileged container");
  }
  if (!hasCommand("ip")) return unusable("ip (iproute2) is missing", "apt-get install iproute2");
  return { usable: true, layout };
}
