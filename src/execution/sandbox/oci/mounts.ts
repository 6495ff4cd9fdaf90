/** What of the host is mounted where in a sandbox, as an OCI configuration says it. */
import type { SandboxDirectories } from "../sandbox.ts";
import { IMAGE_ROOT, type ImageShell, SHELL_DIRECTORY } from "./image-root.ts";
import { OWN_DIRECTORY } from "./rootfs.ts";

export interface MountParts {
  /** Of the region, with the files of /etc that every sandbox has. */
  readonly root: string;
  /** The root is an image's: it has all but the region's files, and what runs process 1. */
  readonly isImage: boolean;
  readonly shell: ImageShell | undefined;
  readonly directories: SandboxDirectories;
  /** What the host mounts there later appears inside, and nothing the other way round. */
  readonly areDirectoriesLate: boolean;
  /** The sandbox's own directory of the host for OWN_DIRECTORY, and its /tmp. */
  readonly own: string;
  readonly temporary: string;
}

function bind(source: string | undefined, destination: string, ...options: string[]): object[] {
  if (source === undefined) return [];
  return [{ destination, source, type: "bind", options: ["bind", "nosuid", "nodev", ...options] }];
}

/** All but /dev. */
export function ociMounts(parts: MountParts): object[] {
  const { root, isImage, shell, directories, areDirectoriesLate, own, temporary } = parts;
  const always = [
    { destination: "/proc", source: "proc", type: "proc", options: ["nosuid", "noexec", "nodev"] },
    ...bind(own, OWN_DIRECTORY, "ro", "noexec"),
    ...bind(temporary, "/tmp"),
  ];
  if (isImage) {
    const files = IMAGE_ROOT.files.flatMap((file) => bind(`${root}${file}`, file, "ro", "noexec"));
    return [...always, ...bind(shell?.directory, SHELL_DIRECTORY, "ro"), ...files];
  }
  const late = areDirectoriesLate ? ["rslave"] : [];
  return [
    ...always,
    ...bind(directories.task, "/var/task", "ro", ...late),
    ...bind(directories.runtime, "/var/runtime", "ro"),
    ...bind(directories.language, "/var/lang", "ro"),
    ...bind(directories.layers, "/opt", "ro", ...late),
  ];
}
