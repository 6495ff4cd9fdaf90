/**
 * Unpacks a deployment package. Zips come from strangers: every name, size, type and link is checked before it is
 * believed, and nothing is ever written outside the directory or through a link. Runs in a worker thread
 * (unzip-worker.ts), so it may block.
 */
import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, readFileSync, symlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { type Entry, fromBufferPromise, openPromise, type ZipFile } from "yauzl";
import { ArchiveTree, type NodeType } from "./archive-tree.ts";
import { UnzipError } from "./unzip-error.ts";

/** 250 MB, Lambda's limit of unzipped code. */
export const MAX_UNZIPPED_BYTES = 262_144_000;

/** Files, links and directories together, the implied directories too. */
const MAX_NODES = 100_000;
const MAX_LINK_BYTES = 4096;
/** Smaller entries are inflated at once, which is many times faster; larger ones as a stream, to bound the memory. */
const AT_ONCE_BYTES = 4 << 20;

/** Unix file types, in the upper bits of a mode. */
const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const LINK = 0o120000;

const STORED = 0;
const DEFLATED = 8;

/**
 * Unpack a zip into a new directory.
 * @param zipFile path of the zip
 * @param directory is created; its parent must exist
 * @throws UnzipError when the zip is at fault; the directory is then left as it is, for the caller to remove
 */
export async function unzip(zipFile: string, directory: string): Promise<void> {
  const bytes = readFileSync(zipFile);
  let zip: ZipFile;
  let entries: Entry[];
  try {
    // Undecoded names: yauzl would repair backslashes and decode by code page; here such names are refused.
    zip = await fromBufferPromise(bytes, { decodeStrings: false, validateEntrySizes: false });
    entries = await listed(zip);
  } catch (error) {
    throw error instanceof UnzipError ? error : new UnzipError("invalid", "not a readable zip", error);
  }
  if (entries.length === 0) throw new UnzipError("empty", "no entries");
  const declared = declaredSize(entries);
  if (declared > MAX_UNZIPPED_BYTES) throw new UnzipError("too-large", `declares ${declared} bytes`);

  // All names are judged before the first file is made.
  const tree = new ArchiveTree(MAX_NODES);
  const plan = entries.map((entry) => {
    const name = nameOf(entry);
    const { type, permissions } = modeOf(entry, name);
    return { entry, type, permissions, ...tree.add(name, type) };
  });
  makeDirectory(directory);
  for (const { entry, type, permissions, path, newDirectories } of plan) {
    for (const made of newDirectories) makeDirectory(join(directory, made));
    if (type === "file") await writeFile(join(directory, path), permissions, await contentsOf(zip, bytes, entry));
    if (type === "link") tree.point(path, await linkTarget(zip, bytes, entry));
  }
  // Last, when nothing is written any more that could go through one.
  for (const [path, target] of tree.links()) symlinkSync(target, join(directory, path));
}

/** bytes that a zip declares its files to have: for one that unzip() took, those that they have */
export async function unzippedSize(zipFile: string): Promise<number> {
  const zip = await openPromise(zipFile, { decodeStrings: false, validateEntrySizes: false });
  return declaredSize(await listed(zip));
}

async function listed(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > MAX_NODES) throw new UnzipError("invalid", `${zip.entryCount} entries`);
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

function declaredSize(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
}

function nameOf(entry: Entry): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(entry.fileNameRaw);
  } catch (error) {
    throw new UnzipError("invalid", "a name is not UTF-8", error);
  }
}

function modeOf(entry: Entry, path: string): { type: NodeType; permissions: number } {
  const mode = entry.externalFileAttributes >>> 16;
  const unixType = mode & TYPE_MASK;
  if (path.endsWith("/")) {
    if (unixType !== 0 && unixType !== DIRECTORY) throw new UnzipError("invalid", `${path} is no directory`);
    return { type: "directory", permissions: 0o755 };
  }
  if (unixType === LINK) return { type: "link", permissions: 0o777 };
  if (unixType !== 0 && unixType !== REGULAR) throw new UnzipError("invalid", `${path} is a special file`);
  // Executable bits are the package's own; readable it must be for whichever user the sandbox has; setuid is dropped.
  return { type: "file", permissions: mode === 0 ? 0o644 : (mode & 0o755) | 0o444 };
}

/** The entry's bytes, checked against what it declares while they are read. */
async function contentsOf(zip: ZipFile, bytes: Buffer, entry: Entry): Promise<AsyncIterable<Buffer>> {
  if (entry.isEncrypted()) throw new UnzipError("invalid", "an entry is encrypted");
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new UnzipError("invalid", `compression method ${entry.compressionMethod}`);
  }
  let start: number;
  try {
    ({ fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }));
  } catch (error) {
    throw new UnzipError("invalid", "a local header is broken", error);
  }
  const packed = bytes.subarray(start, start + entry.compressedSize);
  if (packed.length !== entry.compressedSize) throw new UnzipError("invalid", "an entry is truncated");
  return checked(entry.compressionMethod === STORED ? [packed] : inflated(packed, entry.uncompressedSize), entry);
}

function inflated(packed: Buffer, declared: number): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (declared > AT_ONCE_BYTES) return Readable.from([packed]).pipe(createInflateRaw());
  try {
    // One byte more than declared, so that a longer entry is met as such and not as whole.
    return [inflateRawSync(packed, { maxOutputLength: declared + 1 })];
  } catch (error) {
    throw new UnzipError("invalid", "an entry cannot be inflated", error);
  }
}

async function* checked(chunks: Iterable<Buffer> | AsyncIterable<Buffer>, entry: Entry): AsyncGenerator<Buffer> {
  let size = 0;
  let checksum = 0;
  try {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > entry.uncompressedSize) throw new UnzipError("invalid", "an entry is longer than it declares");
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UnzipError) throw error;
    throw new UnzipError("invalid", "an entry cannot be inflated", error);
  }
  if (size !== entry.uncompressedSize) throw new UnzipError("invalid", "an entry is shorter than it declares");
  if (checksum !== entry.crc32) throw new UnzipError("invalid", "an entry does not match its checksum");
}

/** Modes are set, not asked for: the process's umask would have a say in what is asked for. */
function makeDirectory(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}

async function writeFile(path: string, permissions: number, contents: AsyncIterable<Buffer>): Promise<void> {
  const file = openSync(path, "wx");
  try {
    fchmodSync(file, permissions);
    for await (const chunk of contents) {
      for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written);
    }
  } finally {
    closeSync(file);
  }
}

async function linkTarget(zip: ZipFile, bytes: Buffer, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > MAX_LINK_BYTES) throw new UnzipError("invalid", "a link's target is too long");
  const chunks: Buffer[] = [];
  for await (const chunk of await contentsOf(zip, bytes, entry)) chunks.push(chunk);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new UnzipError("invalid", "a link's target is not UTF-8", error);
  }
}
