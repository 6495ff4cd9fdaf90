/** What all sandboxes of a region stand on: found and made once when the driver opens. */
import type { CgroupLayout } from "../oci/cgroup-layout.ts";
import type { ImageShell } from "../oci/image-root.ts";
import type { Linux } from "../oci/linux.ts";
import type { MemoryWatcher } from "../oci/memory-watcher.ts";
import type { NamespacePool } from "../oci/namespace-pool.ts";
import type { RunDirectory } from "../oci/run-directory.ts";
import type { Runsc } from "./runsc.ts";

export interface Ground {
  readonly linux: Linux;
  readonly layout: CgroupLayout;
  readonly runsc: Runsc;
  readonly runDirectory: RunDirectory;
  readonly namespaces: NamespacePool;
  /** What runs process 1 where the root has no Perl; undefined where none could be made. */
  readonly imagePerl: ImageShell | undefined;
  /** The root directory inside every sandbox. */
  readonly root: string;
  /** Where runsc keeps its state. */
  readonly stateRoot: string;
  readonly memoryWatcher: MemoryWatcher;
}
