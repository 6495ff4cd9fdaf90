/**
 * The bytes of objects and parts, each in a file that never changes. A file comes into being in `incoming`, where it is
 * written and synced; once the database refers to it, it moves to its place. So a crash leaves nothing but files in
 * `incoming`, and the database tells which of them are wanted.
 */
import { createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { syncDirectory } from "../../state/blobs.ts";
import { newHexId } from "../../state/ids.ts";

/** As much as one write takes. */
const WRITE_BYTES = 512 * 1024;
/** Of which most objects need no more. */
const FIRST_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

/** A part of an object: a whole file. */
export interface Segment {
  readonly file: string;
  /** bytes */
  readonly size: number;
}

export class ObjectFiles {
  readonly #directory: string;
  readonly #incoming: string;
  readonly #folders = new Map<string, Promise<unknown>>();
  /** The sync of `incoming` that has not begun yet: it is for all who wait for one. */
  #nextSync: Promise<void> | undefined;
  #lastSync: Promise<void> = Promise.resolve();

  private constructor(directory: string) {
    this.#directory = directory;
    this.#incoming = join(directory, "incoming");
  }

  static async open(directory: string): Promise<ObjectFiles> {
    const files = new ObjectFiles(directory);
    await mkdir(files.#incoming, { recursive: true, mode: 0o700 });
    await syncDirectory(directory);
    return files;
  }

  /**
   * Write a new file, durably, at the pace of the disk. When the source fails nothing is left.
   * @param onBytes is shown everything that is written
   */
  async write(source: AsyncIterable<Buffer>, onBytes: (bytes: Buffer) => void): Promise<Segment> {
    const file = newHexId(16);
    const path = join(this.#incoming, file);
    const handle = await open(path, "wx", 0o600);
    // Its name is there from now on, and is synced while its bytes come.
    const named = this.#syncIncoming();
    try {
      const [size] = await Promise.all([writeAll(handle, source, onBytes).finally(() => handle.close()), named]);
      return { file, size };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Another name for the same bytes, which cost nothing. @throws when the file is gone */
  async copy({ file, size }: Segment): Promise<Segment> {
    const name = newHexId(16);
    const path = join(this.#incoming, name);
    await link(this.#path(file), path).catch(() => link(join(this.#incoming, file), path));
    await this.#syncIncoming();
    return { file: name, size };
  }

  /** The database refers to it: move it out of `incoming`. */
  async settle(file: string): Promise<void> {
    const path = this.#path(file);
    await this.#folder(file);
    await rename(join(this.#incoming, file), path);
  }

  /** Nothing came of it. */
  async discard(file: string): Promise<void> {
    await rm(join(this.#incoming, file), { force: true });
  }

  /** Harmless when it is gone. */
  async remove(file: string): Promise<void> {
    // In this order: it may be moving from the one to the other just now.
    await this.discard(file);
    await rm(this.#path(file), { force: true });
  }

  /** What an earlier life left in `incoming`: settled if it is wanted, else removed. */
  async sweep(isWanted: (file: string) => boolean): Promise<void> {
    for (const file of await readdir(this.#incoming)) {
      await (isWanted(file) ? this.settle(file) : this.discard(file));
    }
  }

  /**
   * The bytes from `first` to `last`, both included, of segments one after the other. They are opened before this
   * resolves: to be removed then does not harm them, except those of an object in many parts, which are opened in turn.
   * @throws when a file is gone
   */
  async read(segments: readonly Segment[], first: number, last: number): Promise<Readable> {
    const wanted = sliced(segments, first, last);
    const [start, ...others] = wanted;
    if (start === undefined) return Readable.from([]);
    const opened = await this.#open(start.file);
    if (others.length === 0) return streamOf(opened, start);
    return Readable.from(this.#inTurn(opened, wanted), { objectMode: false, highWaterMark: READ_BYTES });
  }

  async *#inTurn(opened: FileHandle, slices: readonly Slice[]): AsyncGenerator<Buffer> {
    let handle: FileHandle | undefined = opened;
    for (const slice of slices) {
      handle ??= await this.#open(slice.file);
      for await (const bytes of streamOf(handle, slice)) yield bytes as Buffer;
      handle = undefined;
    }
  }

  #syncIncoming(): Promise<void> {
    this.#nextSync ??= this.#lastSync
      .catch(() => {})
      .then(() => {
        this.#nextSync = undefined;
        this.#lastSync = syncDirectory(this.#incoming);
        return this.#lastSync;
      });
    return this.#nextSync;
  }

  async #open(file: string): Promise<FileHandle> {
    // It may be on its way from `incoming` to its place.
    return open(this.#path(file), "r").catch(() =>
      open(join(this.#incoming, file), "r").catch(() => open(this.#path(file), "r")),
    );
  }

  #path(file: string): string {
    return join(this.#directory, file.slice(0, 2), file);
  }

  async #folder(file: string): Promise<void> {
    const name = file.slice(0, 2);
    let made = this.#folders.get(name);
    if (made === undefined) {
      made = makeFolder(this.#directory, name);
      this.#folders.set(name, made);
      made.catch(() => this.#folders.delete(name));
    }
    await made;
  }
}

async function makeFolder(directory: string, name: string): Promise<void> {
  const path = join(directory, name);
  if (await stat(path).catch(() => undefined)) return;
  await mkdir(path, { recursive: true, mode: 0o700 });
  await syncDirectory(directory);
}

interface Slice {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

function sliced(segments: readonly Segment[], first: number, last: number): Slice[] {
  const slices: Slice[] = [];
  let at = 0;
  for (const { file, size } of segments) {
    const start = Math.max(first - at, 0);
    const end = Math.min(last - at, size - 1);
    if (start <= end) slices.push({ file, start, end });
    at += size;
  }
  return slices;
}

function streamOf(handle: FileHandle, { start, end }: Slice): ReadStream {
  return createReadStream("", { fd: handle, start, end, highWaterMark: READ_BYTES, autoClose: true });
}

async function writeAll(
  handle: FileHandle,
  source: AsyncIterable<Buffer>,
  onBytes: (bytes: Buffer) => void,
): Promise<number> {
  let size = 0;
  let block = Buffer.allocUnsafe(FIRST_BYTES);
  let filled = 0;
  for await (const bytes of source) {
    onBytes(bytes);
    size += bytes.length;
    // Copied, since its memory is given back when the next is asked for.
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(block, filled, at);
      at += copied;
      filled += copied;
      if (filled < block.length) continue;
      await handle.appendFile(block);
      filled = 0;
      if (block.length < WRITE_BYTES) block = Buffer.allocUnsafeSlow(WRITE_BYTES);
    }
  }
  if (filled > 0) await handle.appendFile(block.subarray(0, filled));
  await handle.sync();
  return size;
}
