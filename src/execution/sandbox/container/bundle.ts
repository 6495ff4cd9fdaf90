/** The OCI configuration of one sandbox: which walls the runtime (runc, crun) is to build. Pure: spec in, JSON out. */
import { limitsOf } from "../oci/limits.ts";
import { type MountParts, ociMounts } from "../oci/mounts.ts";
import { OCI_RLIMITS } from "../oci/resource-limits.ts";
import { MEMORY_DEVICE_MAJOR, MEMORY_DEVICES } from "../oci/rootfs.ts";
import type { ProcessOne } from "./process-one.ts";
import type { SeccompProfile } from "./seccomp.ts";
import type { SandboxUsers } from "./users.ts";

export interface BundleParts extends Omit<MountParts, "isImage"> {
  readonly processOne: ProcessOne;
  /** Root directory of a container image, to be used instead. */
  readonly imageRoot: string | undefined;
  readonly devices: string;
  readonly users: SandboxUsers;
  readonly cgroupPath: string;
  readonly networkNamespace: string;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly hasSwapAccounting: boolean;
  readonly seccomp: SeccompProfile;
}

const NO_CAPABILITIES = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
/** What of /proc tells about the machine, or changes it. As Docker has it, whose /sys is not there at all. */
const MASKED = [
  ...["acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list"],
  "timer_stats",
];
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"];

function resources(parts: BundleParts): object {
  const { memoryBytes: limit, cpuShares: shares } = limitsOf(parts);
  return {
    memory: { limit, ...(parts.hasSwapAccounting ? { swap: limit } : { swappiness: 0 }) },
    cpu: { shares },
    pids: { limit: 1024 },
    devices: [{ allow: false, access: "rwm" }, ...allowedDevices()],
  };
}

/** Readable and writable, never makeable. */
function allowedDevices(): object[] {
  const major = MEMORY_DEVICE_MAJOR;
  return Object.values(MEMORY_DEVICES).map((minor) => ({ allow: true, type: "c", major, minor, access: "rw" }));
}

/** An image's own could be anything. */
const shellOf = ({ imageRoot, shell }: BundleParts): readonly string[] =>
  (imageRoot !== undefined && shell?.argv) || ["/bin/sh"];

/** One user inside is one outside, and root is nobody. */
function userNamespace({ inside, outside, root }: SandboxUsers): object {
  if (root === undefined) return {};
  const own = { containerID: inside, hostID: outside, size: 1 };
  return {
    uidMappings: [{ containerID: 0, hostID: root.user, size: 1 }, own],
    gidMappings: [{ containerID: 0, hostID: root.group, size: 1 }, own],
  };
}

export function ociConfig(parts: BundleParts): object {
  const { processOne, users } = parts;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: users.inside, gid: users.inside, umask: 0o022 },
      args: [...shellOf(parts), "-c", processOne.script, "init", ...processOne.argv],
      env: Object.entries(processOne.environment).map(([name, value]) => `${name}=${value}`),
      cwd: processOne.workingDirectory,
      capabilities: NO_CAPABILITIES,
      rlimits: OCI_RLIMITS,
      noNewPrivileges: true,
      // When the whole machine runs out of memory, functions go before anything else.
      oomScoreAdj: 900,
    },
    root: { path: parts.imageRoot ?? parts.root, readonly: true },
    hostname: "localhost",
    mounts: [
      ...ociMounts({ ...parts, isImage: parts.imageRoot !== undefined }),
      { destination: "/dev", source: parts.devices, type: "bind", options: ["bind", "ro", "nosuid", "noexec"] },
    ],
    linux: {
      cgroupsPath: parts.cgroupPath,
      namespaces: [
        { type: "pid" },
        { type: "mount" },
        { type: "ipc" },
        { type: "uts" },
        { type: "cgroup" },
        { type: "network", path: parts.networkNamespace },
        ...(users.root ? [{ type: "user" }] : []),
      ],
      ...userNamespace(users),
      // What comes late must still be passed on when the OCI runtime binds it.
      ...(parts.areDirectoriesLate && { rootfsPropagation: "rslave" }),
      resources: resources(parts),
      seccomp: parts.seccomp,
      maskedPaths: MASKED.map((name) => `/proc/${name}`),
      readonlyPaths: READ_ONLY.map((name) => `/proc/${name}`),
    },
  };
}
