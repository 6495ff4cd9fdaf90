/**
 * The layers of a function put together as it finds them at /opt: one directory in which a later layer's files lie over
 * an earlier one's. Files are linked, not copied, so that it costs names only. Blocks: for the thread that unpacks.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  type Dirent,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";

/** The file system has no hard links, or no more of them for this file. */
const CANNOT_LINK: ReadonlySet<string | undefined> = new Set(["EMLINK", "EPERM", "ENOTSUP", "EOPNOTSUPP"]);

/**
 * By what a merged directory is known: the same for the same layers in the same order. One layer is as it is.
 * @param codeSha256s of the layers in their order, base64
 */
export function mergedSha256(codeSha256s: readonly string[]): string {
  const [only] = codeSha256s;
  if (only !== undefined && codeSha256s.length === 1) return only;
  return createHash("sha256")
    .update(`layers ${codeSha256s.join(" ")}`)
    .digest("base64");
}

/**
 * Lay directories over each other. What is a directory in two of them is merged; of anything else the later one counts.
 * No link is followed.
 * @param target is created; its parent must exist, on the file system of the sources
 */
export function mergeDirectories(sources: readonly string[], target: string): void {
  makeDirectory(target);
  for (const source of sources) layOver(source, target);
}

function layOver(source: string, target: string): void {
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const path = join(target, entry.name);
    const before = lstatSync(path, { throwIfNoEntry: false });
    if (entry.isDirectory() && before?.isDirectory()) {
      layOver(join(source, entry.name), path);
      continue;
    }
    if (before) rmSync(path, { recursive: true });
    place(entry, join(source, entry.name), path);
  }
}

function place(entry: Dirent, from: string, to: string): void {
  if (entry.isDirectory()) mergeDirectories([from], to);
  else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else linkOrCopy(from, to);
}

/** The same file under another name, or a copy where names cannot share it. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!CANNOT_LINK.has((error as NodeJS.ErrnoException).code)) throw error;
    copyFileSync(from, to);
  }
}

/** The mode is set, not asked for: the process's umask would have a say in what is asked for. */
function makeDirectory(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}
