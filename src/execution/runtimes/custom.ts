/** The OS-only runtimes: the function or a layer brings its own `bootstrap` executable. */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { type RuntimeInstallation, runtimeVersionArn } from "./installation.ts";

const SYSTEMS = ["al2", "al2023"] as const;

export function customRuntimes(): RuntimeInstallation[] {
  return SYSTEMS.map((system) => ({
    runtime: `provided.${system}`,
    kind: "custom",
    version: system,
    runtimeVersion: `provided:${system}.v1`,
    command: (paths, options = {}) => [join(options.bootstrap === "layers" ? paths.layers : paths.task, "bootstrap")],
    environment: (_paths, handler) => ({ _HANDLER: handler }),
    runtimeVersionArn: (region) => runtimeVersionArn(region, `provided.${system}`, system),
  }));
}

async function hasBootstrap(directory: string): Promise<boolean> {
  try {
    const [root, path] = await Promise.all([realpath(directory), realpath(join(directory, "bootstrap"))]);
    if (!path.startsWith(root + sep) || !(await stat(path)).isFile()) return false;
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where a custom runtime's bootstrap is: an executable regular file, links followed within the directory, the
 * function's own before a layer's. Undefined becomes `Runtime.InvalidEntrypoint` (contract/02 §5).
 * @param taskDirectory host directory that is mounted at /var/task
 * @param layersDirectory host directory that is mounted at /opt
 */
export async function findCustomBootstrap(
  taskDirectory: string,
  layersDirectory?: string,
): Promise<"task" | "layers" | undefined> {
  if (await hasBootstrap(taskDirectory)) return "task";
  if (layersDirectory !== undefined && (await hasBootstrap(layersDirectory))) return "layers";
  return undefined;
}
