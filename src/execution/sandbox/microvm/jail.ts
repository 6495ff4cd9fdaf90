/** Where QEMU runs: a root with nothing but QEMU in it, as a user of its own without any right. */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findCommand } from "../oci/commands.ts";
import { type Linux, MOUNT } from "../oci/linux.ts";
import { KERNEL_FILE } from "./guest-kernel.ts";
import { makeInitramfs } from "./initramfs.ts";

export const QEMU = "qemu-system-x86_64";
/** As seen inside. */
export const KERNEL = "/boot/vmlinuz";
export const INITRAMFS = "/boot/initramfs";

const LIBRARIES = ["/usr/lib", "/usr/lib64", "/usr/share/qemu", "/usr/share/seabios"];
const USR_MERGED = ["/lib", "/lib64", "/bin"];
/** Major and minor numbers from the kernel's list of devices. */
const DEVICES: Readonly<Record<string, readonly [number, number]>> = {
  "/dev/null": [1, 3],
  "/dev/urandom": [1, 9],
  "/dev/kvm": [10, 232],
  "/dev/net/tun": [10, 200],
};

/**
 * Make the jail of all machines of a region in an empty directory.
 * @returns what changes with the kernel and with all that guests begin with
 */
export function makeJail(linux: Linux, jail: string): string {
  const within = (path: string): string => join(jail, path);
  for (const path of ["/boot", "/dev/net", "/run", "/usr/bin"])
    mkdirSync(within(path), { recursive: true, mode: 0o755 });
  for (const path of LIBRARIES.filter((library) => existsSync(library))) {
    mkdirSync(within(path), { recursive: true, mode: 0o755 });
    linux.bindReadOnly(path, within(path));
  }
  for (const path of USR_MERGED) linkOrBind(linux, path, within(path));
  for (const name of [QEMU, "setpriv"]) {
    const target = within(`/usr/bin/${name}`);
    writeFileSync(target, "", { mode: 0o755 });
    linux.bindReadOnly(findCommand(name) ?? name, target);
  }
  for (const [path, [major, minor]] of Object.entries(DEVICES)) {
    if (existsSync(path)) linux.makeDevice(within(path), major, minor);
  }
  const kernel = readFileSync(KERNEL_FILE);
  const initramfs = makeInitramfs();
  writeFileSync(within(KERNEL), kernel, { mode: 0o644 });
  writeFileSync(within(INITRAMFS), initramfs, { mode: 0o644 });
  return createHash("sha256").update(kernel).update(initramfs).digest("hex");
}

function linkOrBind(linux: Linux, path: string, target: string): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink()) {
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(readlinkSync(path), target);
  } else if (entry?.isDirectory()) {
    mkdirSync(target);
    linux.bindReadOnly(path, target, MOUNT.noSuid | MOUNT.noDev);
  }
}

/** What runs QEMU in the jail. The namespace of the network is the one in which it is spawned. */
export function jailed(jail: string, userId: number, parameters: readonly string[]): readonly [string, ...string[]] {
  const user = [`--reuid=${userId}`, `--regid=${userId}`, "--clear-groups"];
  const rights = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
  const setpriv = ["/usr/bin/setpriv", ...user, ...rights];
  return ["unshare", "--ipc", "--uts", `--root=${jail}`, ...setpriv, `/usr/bin/${QEMU}`, ...parameters];
}
