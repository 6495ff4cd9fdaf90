/** The OCI configuration of one sandbox for runsc. Pure: spec in, JSON out. */
import { IMAGE_ROOT, type ImageShell, SHELL_DIRECTORY } from "../oci/image-root.ts";
import { OWN_DIRECTORY } from "../oci/rootfs.ts";
import type { SandboxDirectories } from "../sandbox.ts";

/**
 * Where process 1 listens for what is passed on to the host. The loopback is gVisor's own, and AWS's SDKs fetch credentials
 * without TLS from no other address.
 */
export const LISTENING_ADDRESS = "127.0.0.1";
const MB = 1024 * 1024;
/** Of process 1, inside. What it starts as the sandbox's user has none. */
const CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"];
const RLIMITS = {
  RLIMIT_NOFILE: 1024,
  RLIMIT_NPROC: 1024,
  RLIMIT_CORE: 0,
  RLIMIT_STACK: 8 * MB,
  RLIMIT_MEMLOCK: 65536,
};

export interface BundleParts {
  /** Of the region, with the files of /etc that every sandbox has; the image's stands in directories. */
  readonly root: string;
  /** Perl, where a root may have none. */
  readonly imagePerl: ImageShell | undefined;
  /** process-one.pl */
  readonly script: string;
  readonly directories: SandboxDirectories;
  /** The sandbox's own directory of the host for OWN_DIRECTORY, and its /tmp. */
  readonly own: string;
  readonly temporary: string;
  readonly userId: number;
  readonly networkNamespace: string;
}

function bind(source: string | undefined, destination: string, ...options: string[]): object[] {
  if (source === undefined) return [];
  return [{ destination, source, type: "bind", options: ["bind", "nosuid", "nodev", ...options] }];
}

/** /dev and /sys are gVisor's own, as is what is in /proc. */
function mounts({ directories, own, temporary, root, imagePerl }: BundleParts): object[] {
  const always = [
    { destination: "/proc", source: "proc", type: "proc", options: ["nosuid", "noexec", "nodev"] },
    ...bind(own, OWN_DIRECTORY, "ro", "noexec"),
    ...bind(temporary, "/tmp"),
  ];
  if (directories.root !== undefined) {
    const files = IMAGE_ROOT.files.flatMap((file) => bind(`${root}${file}`, file, "ro", "noexec"));
    return [...always, ...bind(imagePerl?.directory, SHELL_DIRECTORY, "ro"), ...files];
  }
  return [
    ...always,
    ...bind(directories.task, "/var/task", "ro"),
    ...bind(directories.runtime, "/var/runtime", "ro"),
    ...bind(directories.language, "/var/lang", "ro"),
    ...bind(directories.layers, "/opt", "ro"),
  ];
}

export function ociConfig(parts: BundleParts): object {
  const { directories, imagePerl, script, userId } = parts;
  const perl = (directories.root !== undefined && imagePerl?.argv) || ["/usr/bin/perl"];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0, umask: 0o022 },
      args: [...perl, "-e", script, LISTENING_ADDRESS, OWN_DIRECTORY, String(userId)],
      // What it starts gets its own.
      env: [],
      cwd: "/",
      capabilities: {
        // For what it starts.
        bounding: [],
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
        inheritable: [],
        ambient: [],
      },
      rlimits: Object.entries(RLIMITS).map(([type, value]) => ({ type, soft: value, hard: value })),
      noNewPrivileges: true,
      // When the whole machine runs out of memory, functions go before anything else.
      oomScoreAdj: 900,
    },
    root: { path: directories.root ?? parts.root, readonly: true },
    hostname: "localhost",
    mounts: mounts(parts),
    linux: {
      namespaces: [
        { type: "pid" },
        { type: "mount" },
        { type: "ipc" },
        { type: "uts" },
        { type: "network", path: parts.networkNamespace },
      ],
    },
  };
}
