/** What of a language is in the memory of its processes, and so must not change underneath a snapshot. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeInstallation } from "../runtimes.ts";

/** Equal as long as language and bootstrap are the same. Files are told apart by size and time. */
export async function runtimeFingerprint(installation: RuntimeInstallation): Promise<string> {
  const { runtime, version, bootstrapDirectory, languageDirectory = "" } = installation;
  const hash = createHash("sha256").update(JSON.stringify([runtime, version, languageDirectory]));
  if (bootstrapDirectory !== undefined) await addFiles(hash, bootstrapDirectory);
  return hash.digest("hex").slice(0, 32);
}

async function addFiles(hash: ReturnType<typeof createHash>, directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    // Bytecode comes and goes, and says what the source says.
    if (entry.name === "__pycache__") continue;
    if (entry.isDirectory()) await addFiles(hash, path);
    else {
      const { size, mtimeMs } = await stat(path);
      hash.update(JSON.stringify([path, size, mtimeMs]));
    }
  }
}
