/** What all machines of a region stand on: found and made once when the driver opens. */
import type { CgroupLayout } from "../oci/cgroup-layout.ts";
import type { Linux } from "../oci/linux.ts";
import type { RunDirectory } from "../oci/run-directory.ts";
import type { Base, DiskImages } from "./disk-images.ts";
import type { KeptFiles } from "./kept-files.ts";
import type { Accelerator } from "./machine.ts";

export interface Ground extends Base {
  /** Changes with whatever machines are made of: QEMU, kernel, agent, root, how they are run. */
  readonly identity: string;
  readonly linux: Linux;
  readonly layout: CgroupLayout;
  readonly runDirectory: RunDirectory;
  readonly jail: string;
  /** What is in their /etc/resolv.conf. */
  readonly nameServers: string;
  readonly files: KeptFiles;
  readonly images: DiskImages;
  readonly accelerator: Accelerator;
  /** ms that a machine may take to boot. */
  readonly bootMs: number;
  /** Whether traffic goes out of sandboxes. */
  readonly hasOutside: boolean;
}
