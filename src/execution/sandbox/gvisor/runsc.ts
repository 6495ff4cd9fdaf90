/** runsc, gVisor's OCI runtime: how it is called to start, save and restore a sandbox. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findCommand, run } from "../oci/commands.ts";
import type { Linux } from "../oci/linux.ts";
import { SandboxError } from "../sandbox-error.ts";

/**
 * ptrace works on every machine; what needs KVM does not on virtual ones. The network is gVisor's own, not the host's.
 * Sockets of the host that lie in a mounted directory can be connected to: by them process 1 reaches the region. What is
 * mounted changes only from inside, so gVisor may remember it. Its control group is made by us.
 */
const FLAGS = [
  "--platform=ptrace",
  "--network=sandbox",
  "--host-uds=open",
  "--file-access-mounts=exclusive",
  "--ignore-cgroups",
];
/** ms for one call, which takes some hundreds: a runsc that hangs must not hold its environment, or the region's end, up */
const PATIENCE_MS = 60_000;
/** Enters the control groups whose $1 files follow, then runs the rest. */
const ENTER_GROUPS = 'n=$1; shift; while [ $n -gt 0 ]; do echo $$ >"$1" || exit 1; shift; n=$((n-1)); done; ';
const ROOT_NETWORK_FILE = "/proc/sys/net/core/rmem_default";

export interface Runsc {
  readonly path: string;
  /** E.g. `runsc 0.0~20221219.0` */
  readonly version: string;
  /** See seesRootNetworkEverywhere(). */
  readonly hidesNetworkSettings: boolean;
}

export interface Launch {
  readonly id: string;
  /** Directory of config.json; runsc's own log goes there too. */
  readonly bundle: string;
  readonly stateRoot: string;
  /** Files of the control groups in which all of the sandbox is to be. */
  readonly groupFiles: readonly string[];
  /** Become descriptors 0, 1 and 2 of process 1. */
  readonly descriptors: readonly [number, number, number];
  /** Directory of a snapshot that is to go on; otherwise a start from nothing. */
  readonly snapshot?: string;
}

export async function findRunsc(linux: Linux): Promise<Runsc | undefined> {
  const path = findCommand("runsc");
  if (path === undefined) return undefined;
  const [line = ""] = (await run(path, ["--version"])).split("\n");
  const version = `runsc ${line.split(" ").at(-1) ?? ""}`;
  return { path, version, hidesNetworkSettings: seesRootNetworkEverywhere(linux) };
}

/**
 * runsc takes a network namespace for the machine's own if it has this file, as newer kernels have it in all: then it must
 * not see it.
 */
function seesRootNetworkEverywhere(linux: Linux): boolean {
  const namespace = linux.createNetworkNamespace();
  try {
    return linux.insideNetworkNamespace(namespace, () => existsSync(ROOT_NETWORK_FILE));
  } finally {
    closeSync(namespace);
  }
}

/**
 * Launch a sandbox detached: when this resolves its process 1 runs.
 * @throws SandboxError with what runsc logged
 */
export async function launch(runsc: Runsc, launching: Launch): Promise<void> {
  const { id, bundle, stateRoot, groupFiles, descriptors, snapshot } = launching;
  const verb = snapshot === undefined ? ["run"] : ["restore", "--image-path", snapshot];
  const entering = [String(groupFiles.length), ...groupFiles];
  const hiding = runsc.hidesNetworkSettings ? "mount -n -t tmpfs none /proc/sys/net && " : "";
  const command = ["/bin/sh", "-c", `${ENTER_GROUPS}${hiding}exec "$@"`, "sh", ...entering];
  const surroundings = runsc.hidesNetworkSettings
    ? ["unshare", "--mount", "--propagation", "slave", ...command]
    : command;
  const call = [...surroundings, ...callOf(runsc, bundle, stateRoot), ...verb, "--detach", "--bundle", bundle, id];
  await succeed(call, bundle, descriptors);
}

/**
 * Write what runs in a sandbox to a directory, and end it.
 * @throws SandboxError with what runsc logged: a connection to outside, for one, cannot be saved
 */
export async function checkpoint(
  runsc: Runsc,
  { id, bundle, stateRoot }: Pick<Launch, "id" | "bundle" | "stateRoot">,
  directory: string,
): Promise<void> {
  const call = [...callOf(runsc, bundle, stateRoot), "checkpoint", "--image-path", directory, id];
  await succeed(call, bundle, ["ignore", "ignore", "ignore"]);
}

/** Forget a sandbox whose processes are dead, as `runsc delete` would, without its cost. */
export function forget(stateRoot: string, id: string): void {
  if (!existsSync(stateRoot)) return;
  for (const name of readdirSync(stateRoot)) {
    if (name.startsWith(`${id}_`)) rmSync(join(stateRoot, name), { force: true });
  }
}

function callOf(runsc: Runsc, bundle: string, stateRoot: string): string[] {
  return [runsc.path, "--root", stateRoot, "--log", logOf(bundle), "--log-format", "json", ...FLAGS];
}

const logOf = (bundle: string): string => join(bundle, "runsc.log");

async function succeed(
  [executable = "", ...parameters]: readonly string[],
  bundle: string,
  descriptors: readonly (number | "ignore")[],
): Promise<void> {
  const child = spawn(executable, parameters, {
    stdio: [...descriptors],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  }).finally(() => clearTimeout(patience));
  if (code !== 0) throw new SandboxError(`runsc failed: ${lastComplaint(logOf(bundle)) ?? `status ${code}`}`);
}

function lastComplaint(log: string): string | undefined {
  try {
    const lines = readFileSync(log, "utf8").trim().split("\n");
    return (JSON.parse(lines.at(-1) ?? "") as { msg?: string }).msg;
  } catch {
    return undefined;
  }
}
