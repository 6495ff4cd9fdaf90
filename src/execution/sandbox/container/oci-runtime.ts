/** The OCI runtime of this machine, runc or crun: which is there, which works here, and how a sandbox is launched. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CgroupLayout } from "../oci/cgroup-layout.ts";
import { findCommand, run } from "../oci/commands.ts";
import { SandboxError } from "../sandbox-error.ts";

export interface OciRuntime {
  readonly name: "runc" | "crun";
  readonly path: string;
  /** What is run to run it: itself, or a command that prepares its surroundings first. */
  readonly command: readonly string[];
}

/** Runs the rest of its arguments in a mount namespace in which the file system $0 is not mounted. */
const WITHOUT_MOUNT = ["--mount", "--propagation", "slave", "/bin/sh", "-c", 'umount "$0" && exec "$@"'];

/**
 * The OCI runtimes of this machine, best first. crun starts a sandbox in two thirds of runc's time, but refuses machines
 * with both versions of cgroups ("hybrid mode not supported"): there it must not see the second.
 */
export function findOciRuntimes(layout: CgroupLayout): OciRuntime[] {
  const crun = findCommand("crun");
  const runc = findCommand("runc");
  const found: OciRuntime[] = [];
  const second = layout.kind === "hybrid" ? layout.hierarchies.at(-1) : undefined;
  const unshare = findCommand("unshare");
  if (crun !== undefined && second === undefined) found.push({ name: "crun", path: crun, command: [crun] });
  if (crun !== undefined && second !== undefined && unshare !== undefined) {
    found.push({ name: "crun", path: crun, command: [unshare, ...WITHOUT_MOUNT, second, crun] });
  }
  if (runc !== undefined) found.push({ name: "runc", path: runc, command: [runc] });
  return found;
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
  /** Where something waits for a command: becomes descriptor 4 of its process 1. */
  readonly commandFd?: number;
  /** Where there are extensions: becomes descriptor 5 of its process 1. */
  readonly extensionOutputFd?: number;
}

/** ms for one launch, which takes some tens: a runtime that hangs must not hold its environment, or the region's end, up */
const PATIENCE_MS = 60_000;

/**
 * Launch a sandbox detached: when this resolves the runtime is gone and process 1 runs.
 * @throws SandboxError with what the runtime logged
 */
export async function launch(runtime: OciRuntime, { id, bundle, stateRoot, ...fds }: Launch): Promise<void> {
  const log = join(bundle, "runtime.log");
  const parameters = ["--root", stateRoot, "--log", log, "--log-format", "json", "run", "--detach"];
  const [executable = runtime.path, ...prefix] = runtime.command;
  const extra = [fds.statusFd, fds.commandFd, fds.extensionOutputFd].filter((fd) => fd !== undefined);
  const preserve = ["--preserve-fds", String(extra.length)];
  const child = spawn(executable, [...prefix, ...parameters, ...preserve, "--bundle", bundle, id], {
    stdio: ["ignore", fds.outputFd, fds.outputFd, ...extra],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  }).finally(() => clearTimeout(patience));
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
