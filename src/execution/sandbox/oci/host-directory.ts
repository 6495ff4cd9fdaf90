/** The directory of the host that belongs to one sandbox: its /tmp, its user database and socket, the OCI bundle. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Linux, MOUNT } from "./linux.ts";
import { USER_NAME } from "./rootfs.ts";

/** As many files per MB of /tmp as AWS's ext4 has (one inode per 16 KB). */
const INODES_PER_MB = 64;
const FLAGS = MOUNT.noSuid | MOUNT.noDev;

function sizeOptions(sizeMb: number): string {
  return `size=${sizeMb}m,nr_inodes=${sizeMb * INODES_PER_MB},mode=1777`;
}

export class HostDirectory {
  readonly path: string;
  /** What is mounted at OWN_DIRECTORY. */
  readonly own: string;
  /** What is mounted at /tmp. */
  readonly temporary: string;
  readonly #linux: Linux;

  constructor(linux: Linux, path: string) {
    this.#linux = linux;
    this.path = path;
    this.own = join(path, "own");
    this.temporary = join(path, "tmp");
  }

  make(userId: number, temporaryMb: number): void {
    mkdirSync(this.own, { recursive: true, mode: 0o755 });
    mkdirSync(this.temporary);
    this.#linux.mount("tmp", this.temporary, "tmpfs", FLAGS, sizeOptions(temporaryMb));
    const user = `${USER_NAME}:x:${userId}`;
    writeFileSync(join(this.own, "passwd"), `root:x:0:0:root:/root:/bin/sh\n${user}:${userId}::/tmp:/bin/sh\n`);
    writeFileSync(join(this.own, "group"), `root:x:0:\n${user}:\n`);
  }

  resizeTemporary(temporaryMb: number): void {
    this.#linux.mount("tmp", this.temporary, "tmpfs", FLAGS | MOUNT.remount, sizeOptions(temporaryMb));
  }

  remove(): void {
    this.#linux.unmount(this.temporary);
    rmSync(this.path, { recursive: true, force: true });
  }
}
