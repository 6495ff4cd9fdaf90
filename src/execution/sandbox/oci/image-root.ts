/**
 * Container images as roots: what they must have for a sandbox's own, and the shell that is process 1 in them. An image may
 * have no shell, and none whose libraries fit the host's: so it comes with its loader and its libraries.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import type { ImageRoot } from "../sandbox.ts";
import { run } from "./commands.ts";
import { OWN_DIRECTORY } from "./rootfs.ts";

export const SHELL_DIRECTORY = "/run/alonzo-shell";

export const IMAGE_ROOT: ImageRoot = {
  mountPoints: ["/proc", "/dev", "/sys", "/tmp", "/var/task", OWN_DIRECTORY, SHELL_DIRECTORY],
  files: ["/etc/resolv.conf", "/etc/hosts"],
};

export interface ImageShell {
  /** Of the host. */
  readonly directory: string;
  /** How it is called inside. */
  readonly argv: readonly string[];
}

const LOADERS: Readonly<Record<string, string>> = {
  x64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
};

/** Copy the host's shell, its loader and its libraries. @returns undefined where they are not where glibc has them */
export function makeImageShell(directory: string): Promise<ImageShell | undefined> {
  return carryProgram(directory, "/bin/sh");
}

/** Copy a program of the host to a directory to be made, so that it runs in any root that has it at SHELL_DIRECTORY. */
export async function carryProgram(directory: string, program: string): Promise<ImageShell | undefined> {
  const loader = LOADERS[process.arch];
  if (loader === undefined || !existsSync(loader)) return undefined;
  const executable = realpathSync(program);
  const listed = await run(loader, ["--list", executable]).catch(() => "");
  const libraries = [...listed.matchAll(/=> (\/\S+)/g)].map(([, path = ""]) => path);
  if (libraries.length === 0) return undefined;
  mkdirSync(directory, { mode: 0o755 });
  const carried = new Map([
    ["loader", loader],
    [basename(program), executable],
    ...libraries.map((path) => [basename(path), path] as const),
  ]);
  for (const [name, path] of carried) {
    copyFileSync(realpathSync(path), join(directory, name));
    chmodSync(join(directory, name), 0o755);
  }
  const inside = (name: string): string => join(SHELL_DIRECTORY, name);
  return { directory, argv: [inside("loader"), "--library-path", SHELL_DIRECTORY, inside(basename(program))] };
}
