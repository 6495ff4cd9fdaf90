/** Packs the files of a directory into a deployment package, in memory. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

/** A fixed time, so that the same files make the same package and CodeSha256 tells whether something changed. */
const MODIFIED = new Date("2000-01-01T00:00:00Z");

/** Every regular file below the directory except dot files, with its mode. */
export async function zipDirectory(directory: string): Promise<Buffer> {
  const zip = new ZipFile();
  const paths = await readdir(directory, { recursive: true });
  for (const path of paths.sort()) {
    if (path.split("/").some((part) => part.startsWith("."))) continue;
    const file = await stat(join(directory, path));
    if (file.isFile()) zip.addBuffer(await readFile(join(directory, path)), path, { mode: file.mode, mtime: MODIFIED });
  }
  zip.end();
  return buffer(zip.outputStream);
}
