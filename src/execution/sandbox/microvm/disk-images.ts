/**
 * Directories of the host as disks of microVMs: read-only EROFS images. A guest gets blocks of a file and nothing that would
 * follow a name. What many functions share is kept over restarts; a function's own code has no name on the host: its
 * image goes when nobody has it open, however the region ends.
 */
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { run } from "../oci/commands.ts";
import type { SandboxDirectories } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { KeptFiles, Kind } from "./kept-files.ts";

/** Disks that are this region's own, and those that the next may find again. */
const OWN = ["task", "layers"] as const;
const SHARED = ["base", "runtime", "language"] as const;
/** Where EROFS has the identifier of a file system: 48 bytes into its superblock. */
const MARK_OFFSET = 1024 + 48;
const MARK_BYTES = 16;
/** How large all disks look: more than is ever on one, and no more than what is on it is taken of the host. */
const DISK_BYTES = 32 * 1024 * 1024 * 1024;
const BLOCK_BYTES = 512;
/** Bytes of images of code that nobody uses right now, kept for the next environment. */
const SPARE_BYTES = 1024 * 1024 * 1024;
/** Of /usr/lib, nothing that functions run: compilers, browsers, kernels. They would make the disk several times as large. */
const LEFT_OUT = [
  "usr/lib/(google-cloud-sdk|chromium|firefox[^/]*|libreoffice|thunderbird|llvm[^/]*|gcc[^/]*|go[^/]*|rustlib)",
  "usr/lib/(postgresql|mysql|debug|modules|firmware|cni|docker|git-core|systemd|udev|valgrind|bfd-plugins|apt|dpkg)",
  "usr/lib/(grub[^/]*|linux[^/]*|qemu|ipxe)",
  "usr/lib/[^/]*-linux-gnu/(dri|qemu|gallium-pipe|samba|libLLVM[^/]*|[^/]*\\.a)",
];

/** The disks of a machine, in the order in which it has them: all sizes are the same, so that machines can go on as others. */
export interface Disks {
  readonly byName: Readonly<Record<string, DiskImage>>;
  release(): void;
}

/** What the root of all guests is made of, and what it is known by. */
export interface Base {
  readonly root: string;
  readonly rootIdentity: string;
}

/** An image that is open: for as long as `release` has not been called, and as long as a process has it. */
export interface DiskImage {
  readonly fd: number;
  release(): void;
}

interface Kept {
  readonly fd: number;
  readonly bytes: number;
  users: number;
}

export class DiskImages {
  readonly #made = new Map<string, Promise<Kept>>();
  readonly #files: KeptFiles;

  constructor(files: KeptFiles) {
    this.#files = files;
  }

  /** The disks of a function's machine; of one that is nobody's, without directories. */
  async disksOf(base: Base, directories: Partial<SandboxDirectories>): Promise<Disks> {
    const { task, runtime, language, layers } = directories;
    const taking = {
      base: this.#base(base),
      task: task === undefined ? this.#nothing() : this.#own(task),
      runtime: runtime === undefined ? this.#nothing() : this.#shared(runtime),
      language: language === undefined ? this.#nothing() : this.#shared(language),
      layers: layers === undefined ? this.#nothing() : this.#own(layers),
    };
    // All to the end, so that what was taken is given back whatever becomes of the rest.
    const settled = await Promise.allSettled(Object.values(taking));
    const taken = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const release = (): void => {
      for (const image of taken) image.release();
    };
    const failed = settled.find((result) => result.status === "rejected");
    if (failed) {
      release();
      throw failed.reason;
    }
    return {
      byName: Object.fromEntries(Object.keys(taking).map((name, index) => [name, taken[index] as DiskImage])),
      release,
    };
  }

  /**
   * Keep what of these disks only this region has, so that the machine can go on with the very same blocks.
   * @returns what tells whether others are still the same
   */
  async save(disks: Disks, directory: string): Promise<Readonly<Record<string, string>>> {
    for (const name of OWN) {
      const path = join(directory, name);
      await copy(disks.byName[name] as DiskImage, path);
      truncateSync(path, statSync(path).blocks * BLOCK_BYTES);
    }
    return Object.fromEntries(SHARED.map((name) => [name, markOf(disks.byName[name] as DiskImage)]));
  }

  /** The disks of a machine that was saved. @throws SandboxError when they are not the same any more */
  async saved(
    base: Base,
    { runtime, language }: Pick<SandboxDirectories, "runtime" | "language">,
    directory: string,
    marks: Readonly<Record<string, string>>,
  ): Promise<Disks> {
    const disks = await this.disksOf(base, { ...(runtime && { runtime }), ...(language && { language }) });
    const own: DiskImage[] = [];
    const release = (): void => {
      disks.release();
      for (const { fd } of own) closeSync(fd);
    };
    try {
      for (const name of SHARED) {
        if (markOf(disks.byName[name] as DiskImage) !== marks[name])
          throw new SandboxError(`the disk '${name}' is another`);
      }
      for (const name of OWN) {
        const path = this.#files.newPath();
        await run("cp", ["--", join(directory, name), path]);
        const { fd } = withoutName(path);
        own.push({ fd, release: () => {} });
      }
    } catch (error) {
      release();
      throw error;
    }
    return {
      byName: { ...disks.byName, ...Object.fromEntries(OWN.map((name, index) => [name, own[index] as DiskImage])) },
      release,
    };
  }

  /** The same as long as what is installed on the host is. */
  #base({ root, rootIdentity }: Base): Promise<DiskImage> {
    const options = LEFT_OUT.map((pattern) => `--exclude-regex=^${pattern}(/|$)`);
    return this.#take(`base ${root}`, () => this.#kept(root, "base", `${rootIdentity} ${LEFT_OUT}`, options));
  }

  /** A disk with nothing on it. */
  #nothing(): Promise<DiskImage> {
    return this.#take("nothing", async () => {
      const path = this.#files.newPath();
      writeFileSync(path, "", { mode: 0o600 });
      return withoutName(path);
    });
  }

  /** A language, a bootstrap: the same for many functions, and for the next region. */
  #shared(directory: string): Promise<DiskImage> {
    return this.#take(directory, () => this.#kept(directory, "shared", fingerprint(directory), []));
  }

  /** Code, layers: unpacked once and never changed. */
  async #own(directory: string): Promise<DiskImage> {
    const { ino, ctimeMs } = statSync(directory);
    return this.#take(`${directory} ${ino} ${ctimeMs}`, async () => withoutName(await this.#make(directory, [])));
  }

  async close(): Promise<void> {
    for (const made of this.#made.values())
      await made.then(
        ({ fd }) => closeSync(fd),
        () => {},
      );
    this.#made.clear();
  }

  async #take(key: string, make: () => Promise<Kept>): Promise<DiskImage> {
    const making = this.#made.get(key) ?? make();
    // Used last, it stands last.
    this.#made.delete(key);
    this.#made.set(key, making);
    try {
      const kept = await making;
      kept.users++;
      return {
        fd: kept.fd,
        release: () => {
          kept.users--;
          void this.#dropSpare();
        },
      };
    } catch (error) {
      if (this.#made.get(key) === making) this.#made.delete(key);
      throw error;
    }
  }

  async #dropSpare(): Promise<void> {
    let spare = 0;
    for (const [key, made] of [...this.#made].reverse()) {
      const { fd, bytes, users } = await made;
      if (users > 0 || this.#made.get(key) !== made) continue;
      spare += bytes;
      if (spare <= SPARE_BYTES) continue;
      this.#made.delete(key);
      closeSync(fd);
    }
  }

  async #kept(directory: string, kind: Kind, identity: string, options: readonly string[]): Promise<Kept> {
    const fd = this.#files.open(kind, identity);
    return {
      fd: fd ?? this.#files.keep(await this.#make(directory, options), kind, identity),
      // What it takes of the disk is not this region's to give back.
      bytes: 0,
      users: 0,
    };
  }

  /** @returns where it is, under a name that nobody else uses */
  async #make(directory: string, options: readonly string[]): Promise<string> {
    const path = this.#files.newPath();
    try {
      // Owners and attributes of the host's mean nothing inside.
      await run("mkfs.erofs", ["--quiet", "--all-root", "-x-1", ...options, path, directory]);
      truncateSync(path, DISK_BYTES);
      return path;
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }
}

function copy({ fd }: DiskImage, path: string): Promise<string> {
  return run("cp", ["--sparse=always", "--", `/proc/${process.pid}/fd/${fd}`, path]);
}

/** Each image that is made has a mark of its own, drawn at random: a disk with the same is the same, block by block. */
function markOf({ fd }: DiskImage): string {
  const mark = Buffer.alloc(MARK_BYTES);
  readSync(fd, mark, 0, MARK_BYTES, MARK_OFFSET);
  return mark.toString("hex");
}

/** What it takes goes with the last descriptor of it. */
function withoutName(path: string): Kept {
  const fd = openSync(path, "r");
  truncateSync(path, DISK_BYTES);
  const bytes = statSync(path).blocks * BLOCK_BYTES;
  rmSync(path);
  return { fd, bytes, users: 0 };
}

/** Changes when anything in a directory does. */
function fingerprint(directory: string): string {
  const parts: string[] = [directory];
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs, mode } = lstatSync(path);
    parts.push(entry.isDirectory() ? `${path} ${mode}` : `${path} ${mode} ${size} ${mtimeMs}`);
  }
  return parts.join("\n");
}
