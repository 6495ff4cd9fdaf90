/**
 * One layer of an image as a directory, with what it says of the layers below it (whiteouts) beside. Layers come from
 * strangers: names, links, sizes and kinds of entries are not believed. For the thread that unpacks.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { BadPath, componentsOf, Tree } from "./tree.ts";

/** What a layer does to those below it. */
export interface LayerNotes {
  /** Paths that are no more. */
  readonly removed: readonly string[];
  /** Directories of which nothing below shows. */
  readonly opaque: readonly string[];
  /** Other names of files that are below. */
  readonly links: readonly (readonly [path: string, target: string])[];
}

export const FILES = "files";
export const NOTES = "layer.json";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const MOST_ENTRIES = 1_000_000;
/** As AWS has it for a whole image. */
export const MAX_IMAGE_BYTES = 10 * 1024 ** 3;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * @param blob file of the layer, checked
 * @param directory is created
 * @throws BadPath, or what the decompressors and the file system throw
 */
export async function unpackLayer(blob: string, directory: string): Promise<void> {
  const files = join(directory, FILES);
  mkdirSync(files, { recursive: true, mode: 0o755 });
  const writer = new LayerWriter(new Tree(files));
  const archive = extract();
  const reading = (async () => {
    for await (const entry of archive) {
      await writer.write(entry.header, entry as AsyncIterable<Uint8Array>);
      entry.resume();
    }
  })();
  const sink = archive as unknown as NodeJS.WritableStream;
  await Promise.all([pipeline(await decompressed(blob), sink), reading]);
  writer.finish();
  writeFileSync(join(directory, NOTES), JSON.stringify(writer.notes));
}

async function decompressed(blob: string): Promise<Readable> {
  const file = await open(blob);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  const stream = file.createReadStream({ start: 0 });
  const decoder = buffer.subarray(0, 2).equals(GZIP)
    ? createGunzip()
    : buffer.equals(ZSTD)
      ? createZstdDecompress()
      : undefined;
  if (!decoder) return stream;
  stream.once("error", (error) => decoder.destroy(error));
  return stream.pipe(decoder);
}

class LayerWriter {
  readonly #tree: Tree;
  readonly #removed: string[] = [];
  readonly #opaque: string[] = [];
  readonly #links: [string, string][] = [];
  readonly #modes = new Map<string, { readonly parts: string[]; readonly mode: number }>();
  #entries = 0;
  #bytes = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  get notes(): LayerNotes {
    return { removed: this.#removed, opaque: this.#opaque, links: this.#links };
  }

  async write(header: Header, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#entries += 1;
    if (this.#entries > MOST_ENTRIES) throw new BadPath("a layer has too many files");
    const named = componentsOf(header.name);
    const last = named.at(-1);
    if (last === undefined) return;
    if (last.startsWith(WHITEOUT)) return this.#note(named, last);
    const tree = this.#tree;
    const parts = [...tree.parentOf(named), last];
    // Set bits for users and groups have no say in a sandbox without privileges, and none on the host.
    const mode = (header.mode ?? 0o644) & 0o777;
    switch (header.type) {
      case "directory":
        tree.directory(parts, 0o755);
        // When all is written: a directory that nobody may write to has files, too.
        this.#modes.set(parts.join("/"), { parts, mode });
        return;
      case "symlink":
        return tree.symbolicLink(parts, header.linkname ?? "");
      case "link": {
        const target = componentsOf(header.linkname ?? "");
        if (!tree.hardLink(parts, target)) this.#links.push([parts.join("/"), target.join("/")]);
        return;
      }
      case "file":
      case "contiguous-file":
        this.#bytes += header.size ?? 0;
        if (this.#bytes > MAX_IMAGE_BYTES) throw new BadPath("a layer is larger than an image may be");
        tree.remove(parts);
        return writeContent(tree.path(parts), content, mode | 0o400);
      default:
        // Devices and pipes: a sandbox has those that it needs.
        return;
    }
  }

  finish(): void {
    for (const { parts, mode } of this.#modes.values()) {
      if (this.#tree.stat(parts)?.isDirectory()) this.#tree.directory(parts, mode);
    }
  }

  #note(named: readonly string[], last: string): void {
    const parent = named.slice(0, -1);
    if (last === OPAQUE) this.#opaque.push(parent.join("/"));
    else if (!last.startsWith(`${WHITEOUT}${WHITEOUT}`)) {
      this.#removed.push([...parent, last.slice(WHITEOUT.length)].join("/"));
    }
  }
}

async function writeContent(path: string, content: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    for await (const chunk of content) await file.appendFile(chunk);
    // Not as the process's umask would have it.
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}
