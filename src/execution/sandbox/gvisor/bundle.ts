/** The OCI configuration of one sandbox for runsc. Pure: spec in, JSON out. */
import type { ImageShell } from "../oci/image-root.ts";
import { type MountParts, ociMounts } from "../oci/mounts.ts";
import { OCI_RLIMITS } from "../oci/resource-limits.ts";
import { OWN_DIRECTORY } from "../oci/rootfs.ts";

/**
 * Where process 1 listens for what is passed on to the host. The loopback is gVisor's own, and AWS's SDKs fetch credentials
 * without TLS from no other address.
 */
export const LISTENING_ADDRESS = "127.0.0.1";
/** Of process 1, inside. What it starts as the sandbox's user has none. */
const CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"];
export interface BundleParts extends Omit<MountParts, "isImage" | "shell" | "areDirectoriesLate"> {
  /** Perl, where a root may have none. */
  readonly imagePerl: ImageShell | undefined;
  /** process-one.pl */
  readonly script: string;
  readonly userId: number;
  readonly networkNamespace: string;
}

export function ociConfig(parts: BundleParts): object {
  const { directories, imagePerl, script, userId } = parts;
  const isImage = directories.root !== undefined;
  const perl = (isImage && imagePerl?.argv) || ["/usr/bin/perl"];
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
      rlimits: OCI_RLIMITS,
      noNewPrivileges: true,
      // When the whole machine runs out of memory, functions go before anything else.
      oomScoreAdj: 900,
    },
    root: { path: directories.root ?? parts.root, readonly: true },
    hostname: "localhost",
    // /dev and /sys are gVisor's own, as is what is in /proc.
    mounts: ociMounts({ ...parts, isImage, shell: imagePerl, areDirectoriesLate: false }),
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
