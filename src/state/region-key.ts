/** The region's own secret: what it signs, only it can have signed, before and after a restart. Kept in the data directory. */
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";

const BYTES = 32;

/** @param file created, readable by the owner only, when it is not there */
export async function openRegionKey(file: string): Promise<Buffer> {
  const known = await readFile(file).catch(() => undefined);
  if (known?.length === BYTES) return known;
  const key = randomBytes(BYTES);
  const fresh = `${file}.new`;
  await writeFile(fresh, key, { mode: 0o600, flush: true });
  await rename(fresh, file);
  return key;
}
