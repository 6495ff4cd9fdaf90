/**
 * The directory of everything durable. One region at a time uses it: the lock is the operating system's, so it ends
 * with the process however that ends.
 */
import { readFileSync } from "node:fs";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StorageError, storageError } from "./storage-error.ts";

const LOCK = "region.lock";

/** Another living process uses the directory. The message is for the operator. */
export class DataDirectoryInUse extends Error {
  override readonly name = "DataDirectoryInUse";
}

export class DataDirectory {
  /** Absolute. */
  readonly path: string;
  readonly #lock: DatabaseSync;

  private constructor(path: string, lock: DatabaseSync) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Create the directory if need be, readable by nobody else, and take its lock.
   * @throws DataDirectoryInUse, StorageError
   */
  static async open(path: string): Promise<DataDirectory> {
    const directory = resolve(path);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await refuseForeign(directory);
      await chmod(directory, 0o700);
      const lock = takeLock(directory);
      await writeFile(join(directory, "region.pid"), `${process.pid}\n`, { mode: 0o600 });
      return new DataDirectory(directory, lock);
    } catch (error) {
      throw storageError(directory, error);
    }
  }

  /** The path of something inside. */
  join(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /** Give the lock back. */
  close(): void {
    this.#lock.close();
  }
}

/** Somebody's home or /tmp, given by mistake, must neither be closed to all others nor be strewn with our files. */
async function refuseForeign(directory: string): Promise<void> {
  const names = await readdir(directory);
  // The one thing that is in a volume fresh from mkfs.
  if (names.includes(LOCK) || names.every((name) => name === "lost+found")) return;
  throw new StorageError(
    `${directory} holds other files and is no data directory of Alonzo`,
    "choose one that is empty or does not exist yet",
  );
}

function takeLock(directory: string): DatabaseSync {
  const lock = new DatabaseSync(join(directory, LOCK), { timeout: 0 });
  try {
    // A transaction that is never finished: SQLite's locks are the one kind of file lock that Node can take.
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (!/database is locked/.test(String(error))) throw storageError(join(directory, LOCK), error);
    const holder = described(join(directory, "region.pid"));
    throw new DataDirectoryInUse(`${directory} is in use by another region${holder}`);
  }
}

function described(holder: string): string {
  try {
    return ` (process ${readFileSync(holder, "utf8").trim()})`;
  } catch {
    return "";
  }
}
