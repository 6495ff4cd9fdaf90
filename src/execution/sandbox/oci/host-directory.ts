/** The directory of the host that belongs to one sandbox: its /tmp, its user database and socket, the OCI bundle. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Linux, MOUNT } from "./linux.ts";
import { USER_NAME } from "./rootfs.ts";

/** As many files per MB of /tmp as AWS's ext4 has (one inode per 16 KB). */
const INODES_PER_MB = 64;
/** Whom the kernel shows as the owner of what belongs to users that a user namespace does not have. */
const NOBODY = 65534;
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

  /** @param userId as seen inside */
  make(userId: number, temporaryMb: number): void {
    mkdirSync(this.own, { recursive: true, mode: 0o755 });
    mkdirSync(this.temporary);
    this.#linux.mount("tmp", this.temporary, "tmpfs", FLAGS, sizeOptions(temporaryMb));
    const user = `${USER_NAME}:x:${userId}`;
    const users = [
      "root:x:0:0:root:/root:/bin/sh",
      `${user}:${userId}::/tmp:/bin/sh`,
      `nobody:x:${NOBODY}:${NOBODY}:nobody:/:/bin/sh`,
    ];
    writeFileSync(join(this.own, "passwd"), `${users.join("\n")}\n`);
    writeFileSync(join(this.own, "group"), `root:x:0:\n${user}:\nnobody:x:${NOBODY}:\n`);
  }

  /** Bring in a directory of which not all that is above it lets everybody through. @returns where it is now */
  bindRoot(source: string | undefined): string | undefined {
    if (source === undefined) return undefined;
    const target = join(this.path, "root");
    mkdirSync(target, { recursive: true });
    this.#linux.unmount(target);
    this.#linux.bindReadOnly(source, target);
    return target;
  }

  resizeTemporary(temporaryMb: number): void {
    this.#linux.mount("tmp", this.temporary, "tmpfs", FLAGS | MOUNT.remount, sizeOptions(temporaryMb));
  }

  remove(): void {
    for (const mount of [this.temporary, join(this.path, "root")]) this.#linux.unmount(mount);
    rmSync(this.path, { recursive: true, force: true });
  }
}
