/** Brings the guests' kernel to this machine: unpacked from Debian's package, not installed, so that the host boots as before. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../oci/commands.ts";
import { SandboxError } from "../sandbox-error.ts";
import { hasKernel, KERNEL_DIRECTORY, KERNEL_FILE, MODULES, modulePath } from "./guest-kernel.ts";

/** Needs the kernel of its day. */
const PACKAGE = "linux-image-cloud-amd64";

/**
 * Fetch and unpack it, where it is not there already. Needs root and apt-get.
 * @throws SandboxError when it cannot be had
 */
export async function installKernel(say: (line: string) => void): Promise<void> {
  if (hasKernel()) return;
  mkdirSync(KERNEL_DIRECTORY, { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(KERNEL_DIRECTORY, "new-"));
  try {
    say(`fetching the kernel of microVMs: ${PACKAGE}`);
    const inside = (...command: string[]): Promise<string> =>
      run("sh", ["-c", 'cd "$0" && exec "$@"', directory, ...command]);
    await inside("apt-get", "-q", "download", await currentKernel());
    const archive = readdirSync(directory).find((name) => name.endsWith(".deb")) ?? "";
    await inside("dpkg-deb", "--extract", archive, "unpacked");
    place(join(directory, "unpacked"));
  } catch (cause) {
    throw new SandboxError(`the kernel of microVMs cannot be fetched: ${(cause as Error).message}`, { cause });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The package of the one version that the other stands for. Machines that were just made have no lists of packages. */
async function currentKernel(): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const text = await run("apt-cache", ["depends", PACKAGE]).catch(() => "");
    return /Depends: (linux-image-\S+)/.exec(text)?.[1];
  };
  const known = await find();
  if (known !== undefined) return known;
  await run("apt-get", ["-q", "update"]);
  const found = await find();
  if (found === undefined) throw new SandboxError(`apt-get knows no ${PACKAGE}: only Debian has it`);
  return found;
}

/** The kernel itself last: with it all is there. */
function place(unpacked: string): void {
  const [release = ""] = readdirSync(join(unpacked, "lib/modules"));
  for (const module of MODULES) {
    const target = modulePath(module);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    copyFileSync(join(unpacked, "lib/modules", release, "kernel", module), target);
  }
  renameSync(join(unpacked, "boot", `vmlinuz-${release}`), KERNEL_FILE);
}
