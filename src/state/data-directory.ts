/**
 * The directory of everything durable. One region at a time uses it: the lock is the operating system's, so it ends
 * with the process however that ends.
 */
import { readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

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
   * @throws DataDirectoryInUse
   */
  static async open(path: string): Promise<DataDirectory> {
    const directory = resolve(path);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    const holder = join(directory, "region.pid");
    const lock = new DatabaseSync(join(directory, "region.lock"), { timeout: 0 });
    try {
      // A transaction that is never finished: SQLite's locks are the one kind of file lock that Node can take.
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      lock.close();
      if (!/database is locked/.test(String(error))) throw error;
      throw new DataDirectoryInUse(`${directory} is in use by another region${described(holder)}`);
    }
    await writeFile(holder, `${process.pid}\n`, { mode: 0o600 });
    return new DataDirectory(directory, lock);
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

function described(holder: string): string {
  try {
    return ` (process ${readFileSync(holder, "utf8").trim()})`;
  } catch {
    return "";
  }
}
