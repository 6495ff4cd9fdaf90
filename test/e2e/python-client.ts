/** AWS's runtime interface client for Python as PyPI has it, installed once into .cache. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ZipEntry } from "../api/lambda/zip.ts";

const VERSION = "4.2.2";
const CACHE = fileURLToPath(new URL("../../.cache/awslambdaric", import.meta.url));

/** @returns the directory with the client in it, or why it cannot be had */
export async function installedClient(python: string): Promise<{ readonly directory: string } | string> {
  const directory = join(CACHE, VERSION);
  if (existsSync(directory)) return { directory };
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, "staging-"));
  try {
    const argv = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--target", staging];
    await promisify(execFile)(python, [...argv, `awslambdaric==${VERSION}`], { timeout: 120_000 });
    await rename(staging, directory);
    return { directory };
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return `awslambdaric ${VERSION} cannot be installed: ${stderr.trim().split("\n").at(-1)}`;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

export async function entriesOf(directory: string): Promise<ZipEntry[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"));
  return Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { name: path.slice(directory.length + 1), content: await readFile(path), mode: 0o100644 };
    }),
  );
}
