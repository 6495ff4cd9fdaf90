/** The region's own secret: what it signs, only it can have signed, before and after a restart. Kept in the data directory. */
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { damaged, storageError } from "./storage-error.ts";

const BYTES = 32;

/**
 * @param file created, readable by the owner only, when it is not there
 * @throws StorageError when it is there but is no key: to replace it would void all that it signed
 */
export async function openRegionKey(file: string): Promise<Buffer> {
  const known = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw storageError(file, error);
  });
  if (known?.length === BYTES) return known;
  if (known) damaged(file, `${known.length} bytes instead of ${BYTES}`);
  const key = randomBytes(BYTES);
  const fresh = `${file}.new`;
  await writeFile(fresh, key, { mode: 0o600, flush: true });
  await rename(fresh, file);
  return key;
}
