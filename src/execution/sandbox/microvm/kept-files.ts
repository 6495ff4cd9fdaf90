/**
 * Files that one region makes and the next finds again: disks, booted machines. Each is known by what it was made of, and what
 * was not used for long, or has been followed by enough of its kind, goes.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

/** Root's alone: in them are the files of the host and of functions. */
const DIRECTORY = "/var/cache/alonzo/microvm";
/** ms for which a file is kept after a region used it last */
const KEPT_MS = 30 * 24 * 3600 * 1000;
/** Whose file goes stays open to whoever has it open. */
const MOST = { base: 1, shared: 24, template: 12 } as const;

export type Kind = keyof typeof MOST;

export class KeptFiles {
  #count = 0;

  /** Takes away what is too old, and what dead regions had begun. */
  constructor() {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
    const oldest = Date.now() - KEPT_MS;
    for (const name of readdirSync(DIRECTORY)) {
      const maker = /^new-(\d+)-/.exec(name)?.[1];
      const isLeft = maker !== undefined && !existsSync(`/proc/${maker}`);
      if (isLeft || lastUse(name) < oldest) rmSync(join(DIRECTORY, name), { force: true });
    }
  }

  /** @returns a descriptor for reading, the caller's to close; undefined where it is still to be made */
  open(kind: Kind, identity: string): number | undefined {
    const path = join(DIRECTORY, nameOf(kind, identity));
    try {
      const now = new Date();
      utimesSync(path, now, now);
      return openSync(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Where to make a file that nobody else makes. */
  newPath(): string {
    return join(DIRECTORY, `new-${process.pid}-${this.#count++}`);
  }

  /** It is whole, and found from now on. @returns a descriptor as of open() */
  keep(path: string, kind: Kind, identity: string): number {
    const fd = openSync(path, "r");
    renameSync(path, join(DIRECTORY, nameOf(kind, identity)));
    const names = readdirSync(DIRECTORY).filter((name) => name.startsWith(`${kind}-`));
    const oldestLast = names.sort((one, two) => lastUse(two) - lastUse(one));
    for (const name of oldestLast.slice(MOST[kind])) rmSync(join(DIRECTORY, name), { force: true });
    return fd;
  }
}

function nameOf(kind: Kind, identity: string): string {
  return `${kind}-${createHash("sha256").update(identity).digest("hex").slice(0, 32)}`;
}

function lastUse(name: string): number {
  return statSync(join(DIRECTORY, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
