/** What all sandboxes of a region stand on: found and made once when the driver opens. */
import type { CgroupLayout } from "../oci/cgroup-layout.ts";
import type { ImageShell } from "../oci/image-root.ts";
import type { Linux } from "../oci/linux.ts";
import type { MemoryWatcher } from "../oci/memory-watcher.ts";
import type { RunDirectory } from "../oci/run-directory.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import type { SeccompProfile } from "./seccomp.ts";

export interface Ground {
  readonly linux: Linux;
  readonly layout: CgroupLayout;
  readonly runtime: OciRuntime;
  /** Whether each sandbox has users of its own: not where the kernel or the machine's owner forbids it. */
  readonly hasUserNamespaces: boolean;
  readonly runDirectory: RunDirectory;
  /** What runs process 1 where the root has no shell; undefined where none could be made. */
  readonly shell: ImageShell | undefined;
  /** The root directory inside every sandbox. */
  readonly root: string;
  /** The /dev inside every sandbox. */
  readonly devices: string;
  /** Where the OCI runtime keeps its state. */
  readonly stateRoot: string;
  readonly seccomp: SeccompProfile;
  readonly memoryWatcher: MemoryWatcher;
}
