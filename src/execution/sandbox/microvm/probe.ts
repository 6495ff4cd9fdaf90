/** Can functions be held by microVMs here, and if not, what is missing and how it is mended. */
import { accessSync, constants, existsSync } from "node:fs";
import { arch } from "node:os";
import { readCgroupLayout } from "../oci/cgroup-layout.ts";
import { findCommand, hasCommand, run } from "../oci/commands.ts";
import type { Probe } from "../sandbox.ts";
import { hasKernel } from "./guest-kernel.ts";
import { QEMU } from "./jail.ts";
import type { Accelerator } from "./machine.ts";

/** Programs that take part. */
const NEEDED = [QEMU, "busybox", "mkfs.erofs", "ip", "unshare", "setpriv", "python3"];

function unusable(reason: string, hint: string): Probe {
  return { usable: false, reason, hint };
}

/** Best first. That a machine has KVM does not mean that guests run by it: whoever uses it tries. */
export async function accelerators(): Promise<Accelerator[]> {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return ["kvm", "tcg"];
  } catch {
    return ["tcg"];
  }
}

/** E.g. `QEMU 7.2.22`. */
export async function qemuVersion(): Promise<string> {
  const text = await run(QEMU, ["--version"]);
  return `QEMU ${/version (\S+)/.exec(text)?.[1] ?? ""}`.trim();
}

export function probe(): Probe {
  if (process.platform !== "linux") return unusable("microVMs need Linux", "run Alonzo in a Linux machine");
  if (arch() !== "x64") return unusable("QEMU's microvm machine is x86-64", "use --isolation container");
  if (process.getuid?.() !== 0) return unusable("microVMs need root, to wall off what runs them", "run with sudo");
  if (!readCgroupLayout())
    return unusable("no cgroup control of memory, cpu and freezer", "mount cgroups at /sys/fs/cgroup");
  const install = "npm run quickstart -- --isolation microvm brings it, on Debian";
  const missing = NEEDED.filter((name) => !hasCommand(name));
  if (missing.length > 0) return unusable(`${missing.join(", ")} not installed`, install);
  if (!existsSync("/dev/net/tun")) return unusable("/dev/net/tun is missing", "modprobe tun");
  if (!hasKernel()) return unusable("the guests' kernel is missing", install);
  return { usable: true, detail: `QEMU at ${findCommand(QEMU)}` };
}
