/**
 * The root directory that all sandboxes of a region share: parts of the host's own /usr, read-only, and an /etc made
 * for functions. Nothing of it is writable and nothing of the host's configuration or secrets is in it.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Linux } from "./linux.ts";

/** Bound from the host where they exist. Not /usr/local, /usr/sbin, /usr/src: a function on Lambda has no such things. */
const HOST_DIRECTORIES = [
  "/usr/bin",
  "/usr/lib",
  "/usr/lib64",
  "/usr/share/ca-certificates",
  "/usr/share/dotnet",
  "/usr/share/icu",
  "/usr/share/java",
  "/usr/share/locale",
  "/usr/share/mime",
  "/usr/share/misc",
  "/usr/share/nodejs",
  "/usr/share/perl",
  "/usr/share/perl5",
  "/usr/share/php",
  "/usr/share/pki",
  "/usr/share/python3",
  "/usr/share/ruby",
  "/usr/share/rubygems-integration",
  "/usr/share/terminfo",
  "/usr/share/zoneinfo",
  "/etc/alternatives",
  "/etc/pki/ca-trust",
  "/etc/pki/tls/certs",
  "/etc/ssl/certs",
];
/** Configuration of the JDKs, to which their directories in /usr/lib link. */
const JAVA_CONFIGURATION = /^java(-.+)?$/;
const HOST_FILES = ["/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/etc/mime.types", "/etc/protocols", "/etc/services"];
/** Symbolic links into /usr on current distributions, directories of their own on old ones. */
const USR_MERGED = ["/bin", "/lib", "/lib64", "/sbin"];
/** Where each sandbox gets something of its own mounted, or where programs expect a directory to be. */
const MOUNT_POINTS = [
  "/var/task",
  "/var/runtime",
  "/var/lang",
  "/opt",
  "/tmp",
  "/var/tmp",
  "/proc",
  "/dev",
  "/run/alonzo",
  "/mnt",
];
/** Major and minor numbers from the kernel's list of devices. */
export const MEMORY_DEVICE_MAJOR = 1;
export const MEMORY_DEVICES = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 };
const DEVICE_LINKS = { fd: "", stdin: "/0", stdout: "/1", stderr: "/2" };

/** The directory inside that is each sandbox's own: its user database and the socket of the Runtime API. */
export const OWN_DIRECTORY = "/run/alonzo";
/** As Lambda calls it. */
export const USER_NAME = "sbx_user1051";

/** Build the root in an empty directory. */
export function buildRoot(linux: Linux, root: string): void {
  for (const path of MOUNT_POINTS) mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
  for (const directory of [...HOST_DIRECTORIES, ...javaConfiguration()]) {
    if (existsSync(directory)) bindDirectory(linux, directory, join(root, directory));
  }
  for (const path of USR_MERGED) copyLinkOrBind(linux, path, join(root, path));
  for (const file of HOST_FILES) {
    if (!existsSync(file)) continue;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    copyFileSync(file, join(root, file));
    chmodSync(join(root, file), 0o644);
  }
  writeConfiguration(root);
}

function javaConfiguration(): string[] {
  return readdirSync("/etc")
    .filter((name) => JAVA_CONFIGURATION.test(name) && statSync(join("/etc", name)).isDirectory())
    .map((name) => join("/etc", name));
}

function bindDirectory(linux: Linux, source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  linux.bindReadOnly(source, target);
}

function copyLinkOrBind(linux: Linux, path: string, target: string): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink()) symlinkSync(readlinkSync(path), target);
  else if (entry?.isDirectory() && path !== "/sbin") bindDirectory(linux, path, target);
}

function writeConfiguration(root: string): void {
  const etc = (name: string, text: string): void => writeFileSync(join(root, "etc", name), text, { mode: 0o644 });
  // Each sandbox has its own user id, so the user database is its own too.
  for (const name of ["passwd", "group"]) symlinkSync(join(OWN_DIRECTORY, name), join(root, "etc", name));
  // Where extensions listen that subscribe to telemetry, which comes to 127.0.0.1.
  etc("hosts", "127.0.0.1 localhost sandbox.localdomain sandbox\n");
  etc("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n");
  etc("resolv.conf", nameServers());
  etc("os-release", existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "ID=linux\n");
  // Lambda's clocks show UTC, whatever the host's owner prefers.
  const utc = "/usr/share/zoneinfo/UTC";
  if (existsSync(utc)) symlinkSync(utc, join(root, "etc", "localtime"));
}

/** The host's name servers; where those are a local stub, which no sandbox can reach, the ones behind it. */
function nameServers(): string {
  const behindStub = "/run/systemd/resolve/resolv.conf";
  const own = existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "";
  return /^nameserver\s+127\./m.test(own) && existsSync(behindStub) ? readFileSync(behindStub, "utf8") : own;
}

/** Make a /dev that all sandboxes bind, so that the OCI runtime need not make one for each. */
export function buildDevices(linux: Linux, directory: string): void {
  for (const [name, minor] of Object.entries(MEMORY_DEVICES)) {
    linux.makeDevice(join(directory, name), MEMORY_DEVICE_MAJOR, minor);
  }
  for (const [name, end] of Object.entries(DEVICE_LINKS)) symlinkSync(`/proc/self/fd${end}`, join(directory, name));
}
