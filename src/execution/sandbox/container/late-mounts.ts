/**
 * Where the code and layers of a function that is not known yet will appear in a sandbox that runs already. The sandbox has
 * empty directories of the host as its /var/task and /opt; what the host mounts there later is passed on, one way only.
 * Each sandbox has its own: of what is mounted for others it sees nothing.
 */
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { type Linux, MOUNT } from "../oci/linux.ts";
import type { SandboxDirectories } from "../sandbox.ts";

/** What the dynamic linker did not find when a process started it does not look for again: /opt/lib must have been there. */
const LIBRARIES = "lib";

export class LateMounts {
  readonly #linux: Linux;
  readonly #root: string;
  /** To be bound as /var/task and /opt. */
  readonly directories: Required<Pick<SandboxDirectories, "task" | "layers">>;
  #isMounted = false;

  /** @param root a directory to be made */
  constructor(linux: Linux, root: string) {
    this.#linux = linux;
    this.#root = root;
    this.directories = { task: join(root, "task"), layers: join(root, "layers") };
  }

  make(): void {
    for (const directory of Object.values(this.directories)) {
      mkdirSync(join(directory, LIBRARIES), { recursive: true, mode: 0o755 });
    }
    this.#linux.mount(this.#root, this.#root, "none", MOUNT.bind);
    this.#isMounted = true;
    this.#linux.share(this.#root);
  }

  /** What is mounted stays inside when it is dropped here. */
  bind({ task, layers }: Pick<SandboxDirectories, "task" | "layers">): void {
    this.#linux.attachReadOnly(task, this.directories.task);
    if (layers !== undefined) this.#linux.attachReadOnly(layers, this.directories.layers);
    // Without layers /opt is empty. The mount hides what is below it, here as inside.
    else rmdirSync(join(this.directories.layers, LIBRARIES));
  }

  /** On the host nothing is left of it. */
  drop(): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    // First, or what goes here would go inside, too.
    this.#linux.unshare(this.#root);
    this.#linux.unmount(this.#root);
  }
}
