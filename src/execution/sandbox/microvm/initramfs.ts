/** The first file system of a microVM, in memory: BusyBox, the kernel's modules, and what is in guest/. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { findCommand } from "../oci/commands.ts";
import { SandboxError } from "../sandbox-error.ts";
import { MODULES, modulePath } from "./guest-kernel.ts";

const GUEST_FILES = join(import.meta.dirname, "guest");
const DIRECTORY_MODE = 0o040755;
const FILE_MODE = 0o100755;
const LINK_MODE = 0o120777;
const END_OF_ARCHIVE = "TRAILER!!!";

interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** @throws SandboxError where BusyBox is missing */
export function makeInitramfs(): Buffer {
  const busybox = findCommand("busybox");
  if (busybox === undefined) throw new SandboxError("busybox is missing", { hint: "apt-get install busybox-static" });
  const file = (name: string, path: string): Entry => ({ name, mode: FILE_MODE, content: readFileSync(path) });
  const order = MODULES.map((module) => `${basename(module)}\n`).join("");
  return archive([
    ...["bin", "dev", "proc", "sys", "root", "modules"].map((name) => ({
      name,
      mode: DIRECTORY_MODE,
      content: NOTHING,
    })),
    file("bin/busybox", busybox),
    { name: "bin/sh", mode: LINK_MODE, content: Buffer.from("busybox") },
    ...MODULES.map((module) => file(`modules/${basename(module)}`, modulePath(module))),
    { name: "modules/order", mode: FILE_MODE, content: Buffer.from(order) },
    file("init", join(GUEST_FILES, "init")),
    ...["agent.py", "relay.py"].map((name) => file(name, join(GUEST_FILES, name))),
  ]);
}

const NOTHING = Buffer.alloc(0);

/** A cpio archive of the `newc` form, which kernels unpack. */
function archive(entries: readonly Entry[]): Buffer {
  const all = [...entries, { name: END_OF_ARCHIVE, mode: 0, content: NOTHING }];
  return Buffer.concat(
    all.flatMap((entry, index) => [header(entry, index + 1), entry.content, padding(entry.content.length)]),
  );
}

function header({ name, mode, content }: Entry, inode: number): Buffer {
  // Inode, mode, user, group, links, time, size, four device numbers, length of the name, checksum: eight hex digits each.
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, "0")).join("");
  const text = Buffer.from(`070701${digits}${name}\0`);
  return Buffer.concat([text, padding(text.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
