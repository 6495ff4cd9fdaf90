/**
 * Snapshots on disk: a directory for each, whole or not there at all, with a record of what it is. Bounded: what was not used
 * longest goes. Whoever restores one holds it, so that it is not taken away underneath. Knows nothing of functions.
 */
import { lstat, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "../../state/blobs.ts";
import { newHexId } from "../../state/ids.ts";
import type { Remembered } from "../environment-assembly.ts";

export interface SnapshotRecord {
  /** What the snapshot is of: for the operator, and to find out whether it still is. */
  readonly functionName: string;
  readonly version: string;
  /** What it holds for: see SandboxSnapshots. */
  readonly machine: string;
  /** The language and our bootstrap, as they were. */
  readonly runtime: string;
  /** Unix ms */
  readonly createdMs: number;
  readonly containerToken: string;
  readonly remembered: Remembered;
}

/** Somebody reads the snapshot. */
export interface HeldSnapshot extends Disposable {
  readonly record: SnapshotRecord;
  /** What the driver wrote. */
  readonly directory: string;
}

interface Entry {
  /** Of its directory: the key and a few digits, for one that is still held may have a successor. */
  readonly name: string;
  readonly record: SnapshotRecord;
  readonly bytes: number;
  /** Unix ms */
  usedMs: number;
  holders: number;
  /** It goes when nobody holds it any more. */
  isGone: boolean;
}

/** Changes when records of before cannot be understood. */
const FORMAT = 1;
const RECORD = "record.json";
const STATE = "state";
const INCOMING = "incoming";
const NAME = /^([0-9a-f]{64})-[0-9a-f]{8}$/;
const BLOCK_BYTES = 512;

export class SnapshotStore {
  readonly #directory: string;
  readonly #limitBytes: number;
  readonly #entries = new Map<string, Entry>();
  readonly #removals = new Set<Promise<void>>();

  private constructor(directory: string, limitBytes: number) {
    this.#directory = directory;
    this.#limitBytes = limitBytes;
  }

  /** Uses the directory, creating it if need be; what an earlier life left half-written is removed. */
  static async open(directory: string, limitBytes: number): Promise<SnapshotStore> {
    const store = new SnapshotStore(directory, limitBytes);
    await rm(join(directory, INCOMING), { recursive: true, force: true });
    // Memory of functions is in them: for nobody else to read.
    await mkdir(join(directory, INCOMING), { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) if (name !== INCOMING) await store.#load(name);
    store.#makeRoom(undefined);
    return store;
  }

  /** Of each snapshot. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** @returns undefined when there is none; the caller disposes of what it holds */
  hold(key: string): HeldSnapshot | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    entry.holders += 1;
    entry.usedMs = Date.now();
    let isHeld = true;
    return {
      record: entry.record,
      directory: join(this.#directory, entry.name, STATE),
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.holders -= 1;
        if (entry.isGone && entry.holders === 0) this.#delete(entry.name);
      },
    };
  }

  record(key: string): SnapshotRecord | undefined {
    return this.#entries.get(key)?.record;
  }

  /**
   * Keep a snapshot, durably, in place of one that was there.
   * @param write to an empty directory; says what it wrote, or undefined: there is nothing to keep
   * @returns false when it is larger than all snapshots together may be, or there was nothing to keep
   */
  async add(key: string, write: (directory: string) => Promise<SnapshotRecord | undefined>): Promise<boolean> {
    const incoming = join(this.#directory, INCOMING, newHexId(16));
    try {
      await mkdir(join(incoming, STATE), { recursive: true, mode: 0o700 });
      const record = await write(join(incoming, STATE));
      if (!record) return false;
      await writeFile(join(incoming, RECORD), JSON.stringify({ format: FORMAT, ...record }), { mode: 0o600 });
      const bytes = await syncedBytes(incoming);
      if (bytes > this.#limitBytes) return false;
      const name = `${key}-${newHexId(4)}`;
      await rename(incoming, join(this.#directory, name));
      await syncDirectory(this.#directory);
      this.remove(key);
      this.#entries.set(key, { name, record, bytes, usedMs: Date.now(), holders: 0, isGone: false });
      this.#makeRoom(key);
      return true;
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** It is not found any more, and goes as soon as nobody holds it. */
  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    entry.isGone = true;
    if (entry.holders === 0) this.#delete(entry.name);
  }

  /** Resolves when what was removed, and is held by nobody, is gone. */
  async removed(): Promise<void> {
    while (this.#removals.size > 0) await Promise.all(this.#removals);
  }

  /** Moved away first, so that its place is free and a half-deleted one is never found. */
  #delete(name: string): void {
    const going = join(this.#directory, INCOMING, newHexId(16));
    const removal = rename(join(this.#directory, name), going)
      .then(() => rm(going, { recursive: true, force: true }))
      .catch(() => {});
    this.#removals.add(removal);
    void removal.then(() => this.#removals.delete(removal));
  }

  /** @param kept the one that was just made */
  #makeRoom(kept: string | undefined): void {
    let total = 0;
    for (const { bytes } of this.#entries.values()) total += bytes;
    const oldest = [...this.#entries].sort(([, one], [, other]) => one.usedMs - other.usedMs);
    for (const [key, { bytes }] of oldest) {
      if (total <= this.#limitBytes) return;
      if (key === kept) continue;
      this.remove(key);
      total -= bytes;
    }
  }

  /** What cannot be understood goes: it is made again where it is needed. */
  async #load(name: string): Promise<void> {
    const directory = join(this.#directory, name);
    try {
      const [, key] = NAME.exec(name) ?? [];
      if (key === undefined || this.#entries.has(key)) throw new Error(`${name} is no snapshot`);
      const { format, ...record } = JSON.parse(await readFile(join(directory, RECORD), "utf8"));
      if (format !== FORMAT) throw new Error(`the snapshot is of format ${format}`);
      const bytes = await bytesBelow(directory, async () => {});
      this.#entries.set(key, { name, record, bytes, usedMs: record.createdMs, holders: 0, isGone: false });
    } catch {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

const syncedBytes = (directory: string): Promise<number> =>
  bytesBelow(directory, async (path) => {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });

/** On the disk. @param visit called with each file and directory */
async function bytesBelow(directory: string, visit: (path: string) => Promise<void>): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      bytes += await bytesBelow(path, visit);
    } else if (entry.isFile()) {
      await visit(path);
      bytes += (await lstat(path)).blocks * BLOCK_BYTES;
    }
  }
  await visit(directory);
  return bytes;
}
