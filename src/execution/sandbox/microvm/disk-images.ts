/**
 * Directories of the host as disks of microVMs: read-only EROFS images. A guest gets blocks of a file and nothing that would
 * follow a name. What many functions share is kept over restarts; a function's own code has no name on the host: its
 * image goes when nobody has it open, however the region ends.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { run } from "../oci/commands.ts";

/** Root's alone: all who run functions would read what other regions' functions are. */
const DIRECTORY = "/var/cache/alonzo/microvm";
/** Bytes of images of code that nobody uses right now, kept for the next environment. */
const SPARE_BYTES = 1024 * 1024 * 1024;

/** ms for which what is shared is kept after a region used it last */
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Of /usr/lib, nothing that functions run: compilers, browsers, kernels. They would make the disk several times as large. */
const LEFT_OUT = [
  "usr/lib/(google-cloud-sdk|chromium|firefox[^/]*|libreoffice|thunderbird|llvm[^/]*|gcc[^/]*|go[^/]*|rustlib)",
  "usr/lib/(postgresql|mysql|debug|modules|firmware|cni|docker|git-core|systemd|udev|valgrind|bfd-plugins|apt|dpkg)",
  "usr/lib/(grub[^/]*|linux[^/]*|qemu|ipxe|python3/dist-packages/twisted)",
  "usr/lib/[^/]*-linux-gnu/(dri|qemu|gallium-pipe|samba|perl/debug|libLLVM[^/]*|[^/]*\\.a)",
];

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
  #count = 0;

  constructor() {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
    const oldest = Date.now() - KEPT_MS;
    for (const name of readdirSync(DIRECTORY)) {
      const path = join(DIRECTORY, name);
      const maker = /^new-(\d+)-/.exec(name)?.[1];
      const isLeft = maker !== undefined && !existsSync(`/proc/${maker}`);
      if (isLeft || (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < oldest) rmSync(path, { force: true });
    }
  }

  /** The root of all guests, made of `root`, which is the same as long as what is installed on the host is. */
  async base(root: string, identity: string): Promise<DiskImage> {
    const options = LEFT_OUT.map((pattern) => `--exclude-regex=^${pattern}(/|$)`);
    return this.#take(`base ${root}`, () => this.#kept(root, `base-${hash(identity)}`, options));
  }

  /** A language, a bootstrap: the same for many functions, and for the next region. */
  async shared(directory: string): Promise<DiskImage> {
    return this.#take(directory, () => this.#kept(directory, `shared-${hash(fingerprint(directory))}`, []));
  }

  /** Code, layers: unpacked once and never changed. */
  async own(directory: string): Promise<DiskImage> {
    const { ino, ctimeMs } = statSync(directory);
    return this.#take(`${directory} ${ino} ${ctimeMs}`, async () => {
      const path = await this.#make(directory, []);
      const fd = openSync(path, "r");
      rmSync(path);
      return { fd, bytes: statSync(`/proc/self/fd/${fd}`).size, users: 0 };
    });
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

  async #kept(directory: string, name: string, options: readonly string[]): Promise<Kept> {
    const path = join(DIRECTORY, name);
    try {
      const now = new Date();
      utimesSync(path, now, now);
      return { fd: openSync(path, "r"), bytes: 0, users: 0 };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    renameSync(await this.#make(directory, options), path);
    return { fd: openSync(path, "r"), bytes: 0, users: 0 };
  }

  /** @returns where it is, under a name that nobody else uses */
  async #make(directory: string, options: readonly string[]): Promise<string> {
    const path = join(DIRECTORY, `new-${process.pid}-${this.#count++}`);
    try {
      // Owners and attributes of the host's mean nothing inside.
      await run("mkfs.erofs", ["--quiet", "--all-root", "-x-1", ...options, path, directory]);
      return path;
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
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
