/** The OCI runtime of this machine, runc or crun: which is there, which works here, and how a sandbox is launched. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../sandbox-error.ts";
import type { CgroupLayout } from "./cgroup-layout.ts";
import { findCommand, run } from "./commands.ts";

export interface OciRuntime {
  readonly name: "runc" | "crun";
  readonly path: string;
}

/** crun is twice as fast, but refuses machines with both versions of cgroups ("hybrid mode not supported"). */
export function chooseOciRuntime(layout: CgroupLayout): OciRuntime | undefined {
  const names = layout.kind === "hybrid" ? (["runc"] as const) : (["crun", "runc"] as const);
  for (const name of names) {
    const path = findCommand(name);
    if (path !== undefined) return { name, path };
  }
  return undefined;
}

/** E.g. `runc 1.1.5+ds1`. */
export async function runtimeVersion(runtime: OciRuntime): Promise<string> {
  const [line = ""] = (await run(runtime.path, ["--version"])).split("\n");
  return `${runtime.name} ${line.split(" ").at(-1) ?? ""}`;
}

export interface Launch {
  readonly id: string;
  /** Directory of config.json; the runtime's own log goes there too. */
  readonly bundle: string;
  /** Where the runtime keeps its state. */
  readonly stateRoot: string;
  /** Becomes stdout and stderr of the sandbox. */
  readonly outputFd: number;
  /** Becomes descriptor 3 of its process 1. */
  readonly statusFd: number;
}

/**
 * Launch a sandbox detached: when this resolves the runtime is gone and process 1 runs.
 * @throws SandboxError with what the runtime logged
 */
export async function launch(runtime: OciRuntime, { id, bundle, stateRoot, ...fds }: Launch): Promise<void> {
  const log = join(bundle, "runtime.log");
  const parameters = ["--root", stateRoot, "--log", log, "--log-format", "json", "run", "--detach"];
  const child = spawn(runtime.path, [...parameters, "--preserve-fds", "1", "--bundle", bundle, id], {
    stdio: ["ignore", fds.outputFd, fds.outputFd, fds.statusFd],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) throw new SandboxError(`${runtime.name} failed: ${lastComplaint(log) ?? `status ${code}`}`);
}

/** Forget a sandbox whose processes are dead, as `runc delete` would, without its cost. */
export function forget(stateRoot: string, id: string): void {
  rmSync(join(stateRoot, id), { recursive: true, force: true });
}

function lastComplaint(log: string): string | undefined {
  try {
    const lines = readFileSync(log, "utf8").trim().split("\n");
    return (JSON.parse(lines.at(-1) ?? "") as { msg?: string }).msg;
  } catch {
    return undefined;
  }
}
