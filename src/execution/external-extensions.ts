/** Finds the external extensions of a function: the files directly in /opt/extensions, which layers bring. */
import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export interface ExternalExtension {
  /** Its file's, by which it registers. */
  readonly name: string;
  readonly isExecutable: boolean;
}

/** @param layersDirectory host directory that is mounted at /opt; @returns in order of name */
export async function findExternalExtensions(layersDirectory: string | undefined): Promise<ExternalExtension[]> {
  if (layersDirectory === undefined) return [];
  const directory = join(layersDirectory, "extensions");
  let names: string[];
  try {
    names = await readdir(directory);
  } catch {
    return [];
  }
  const found = await Promise.all(names.sort().map((name) => inspect(name, join(directory, name))));
  return found.filter((extension) => extension !== undefined);
}

async function inspect(name: string, path: string): Promise<ExternalExtension | undefined> {
  const isFile = await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const isExecutable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return { name, isExecutable };
}
