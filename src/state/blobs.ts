/**
 * Content-addressed files: a blob's name is the SHA-256 of its bytes. A blob that put() answered for is on the disk,
 * whole, and never changes.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { newHexId } from "./ids.ts";

export interface Blob {
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
}

const SLICE_BYTES = 1 << 20;
const BLOB_NAME = /^[0-9a-f]{64}$/;

/** Make names in a directory (new files, renames) survive a loss of power. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export class BlobStore {
  readonly #directory: string;
  readonly #incoming: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#incoming = join(directory, "incoming");
  }

  /** Uses the directory, creating it if need be; what an earlier life left half-written there is removed. */
  static async open(directory: string): Promise<BlobStore> {
    const store = new BlobStore(directory);
    await rm(store.#incoming, { recursive: true, force: true });
    await mkdir(store.#incoming, { recursive: true });
    return store;
  }

  /** Store the bytes, durably. Storing the same bytes again is cheap and changes nothing. */
  async put(source: Uint8Array | Readable): Promise<Blob> {
    const incoming = join(this.#incoming, newHexId(16));
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      const handle = await open(incoming, "wx", 0o600);
      try {
        for await (const chunk of source instanceof Uint8Array ? slices(source) : source) {
          hash.update(chunk);
          bytes += chunk.length;
          await handle.appendFile(chunk);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      const sha256 = hash.digest("hex");
      const folder = join(this.#directory, sha256.slice(0, 2));
      const created = await mkdir(folder, { recursive: true });
      await rename(incoming, this.path(sha256));
      await syncDirectory(folder);
      if (created) await syncDirectory(this.#directory);
      return { sha256, bytes };
    } catch (error) {
      await rm(incoming, { force: true });
      throw error;
    }
  }

  /** Where the blob's file is, if there is one. Others may read it, never write. */
  path(sha256: string): string {
    if (!BLOB_NAME.test(sha256)) throw new RangeError(`'${sha256}' is not the name of a blob`);
    return join(this.#directory, sha256.slice(0, 2), sha256);
  }

  /** Size in bytes, or undefined when there is no such blob. */
  async size(sha256: string): Promise<number | undefined> {
    const found = await stat(this.path(sha256)).catch(ignoreMissing);
    return found?.size;
  }

  /** @throws when there is no such blob */
  read(sha256: string): Promise<Buffer> {
    return readFile(this.path(sha256));
  }

  /** The stream fails with ENOENT when there is no such blob. */
  stream(sha256: string): Readable {
    return createReadStream(this.path(sha256));
  }

  /** Harmless when there is no such blob. */
  delete(sha256: string): Promise<void> {
    return rm(this.path(sha256), { force: true });
  }

  /** The names of all blobs. */
  async list(): Promise<string[]> {
    const folders = (await readdir(this.#directory)).filter((name) => /^[0-9a-f]{2}$/.test(name));
    const lists = await Promise.all(folders.map((folder) => readdir(join(this.#directory, folder))));
    // Whatever else somebody left there is not ours to remove.
    return lists.flat().filter((name) => BLOB_NAME.test(name));
  }
}

/** In pieces, so that hashing a large buffer lets other work through between two of them. */
function* slices(buffer: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < buffer.length; start += SLICE_BYTES) yield buffer.subarray(start, start + SLICE_BYTES);
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
