/**
 * A running region owns a number, and everything it makes on the machine is named from it: directory, cgroups, network
 * interfaces, firewall table. The claim is a lock on a file, which the kernel drops when the region dies, however it
 * dies: so whoever gets the lock of a number knows that what still bears the number is abandoned.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../sandbox-error.ts";
import type { Linux } from "./linux.ts";
import { buildersGroupOf } from "./user-ids.ts";

export const RUN_ROOT = "/run/alonzo";
/** Each region gets a 32nd of the address range and of the user ids. */
export const REGIONS = 32;

interface Claim {
  readonly number: number;
  readonly fd: number;
}

function lockPath(number: number): string {
  return join(RUN_ROOT, `${number}.lock`);
}

function tryClaim(linux: Linux, number: number): Claim | undefined {
  const fd = openSync(lockPath(number), "a", 0o600);
  if (linux.tryLock(fd)) {
    // The file may have been deleted by its last owner between our open and our lock: then the lock is worth nothing.
    const current = statSync(lockPath(number), { throwIfNoEntry: false });
    if (current?.ino === fstatSync(fd).ino) return { number, fd };
  }
  closeSync(fd);
  return undefined;
}

function release(claim: Claim): void {
  rmSync(lockPath(claim.number), { force: true });
  closeSync(claim.fd);
}

export class RunDirectory {
  readonly number: number;
  /** A small file system in memory, of this region alone. */
  readonly path: string;
  readonly #claim: Claim;
  readonly #linux: Linux;

  private constructor(linux: Linux, claim: Claim) {
    this.#linux = linux;
    this.#claim = claim;
    this.number = claim.number;
    this.path = join(RUN_ROOT, String(claim.number));
  }

  /**
   * Sweep up after every dead region, then claim a number.
   * @param sweep removes everything that bears a number; runs only under that number's lock
   * @throws SandboxError when 32 regions run on this machine already
   */
  static async claim(linux: Linux, sweep: (number: number) => Promise<void>): Promise<RunDirectory> {
    mkdirSync(RUN_ROOT, { recursive: true, mode: 0o755 });
    let mine: Claim | undefined;
    const abandoned = new Set(
      readdirSync(RUN_ROOT).flatMap((name) => (/^\d+\.lock$/.test(name) ? [Number.parseInt(name, 10)] : [])),
    );
    for (const number of abandoned) {
      const claim = number < REGIONS ? tryClaim(linux, number) : undefined;
      if (!claim) continue;
      await sweep(number);
      if (mine) release(claim);
      mine ??= claim;
    }
    for (let number = 0; number < REGIONS && !mine; number++) mine = tryClaim(linux, number);
    if (!mine) throw new SandboxError(`${REGIONS} regions run on this machine already`);
    ftruncateSync(mine.fd);
    writeSync(mine.fd, `${process.pid}\n`);
    const directory = new RunDirectory(linux, mine);
    mkdirSync(directory.path, { recursive: true, mode: 0o700 });
    // Closed to other users of the machine: each sandbox's /tmp and Runtime API socket are below.
    const options = `mode=710,uid=0,gid=${buildersGroupOf(mine.number)},size=1g`;
    linux.mount("alonzo", directory.path, "tmpfs", 0, options);
    return directory;
  }

  close(): void {
    removeRunDirectory(this.#linux, this.number);
    release(this.#claim);
  }
}

/** Take away the directory of a number with every mount in it. */
export function removeRunDirectory(linux: Linux, number: number): void {
  const path = join(RUN_ROOT, String(number));
  while (linux.unmount(path));
  rmSync(path, { recursive: true, force: true });
}
