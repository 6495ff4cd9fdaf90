/**
 * The few system calls that Node does not offer, by way of node:ffi and the C library. Only thin, typed, throwing
 * wrappers: what they are used for is decided elsewhere. All act at once and on the main thread.
 */
import { chmodSync, closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { SandboxError } from "../sandbox-error.ts";

const CLONE_NEWNET = 0x4000_0000;
const O_CLOEXEC = 0o2000000;
const MNT_DETACH = 2;
const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = O_CLOEXEC;
const SOCK_NONBLOCK = 0o4000;
const S_IFCHR = 0o020000;
const LOCK_EX_NB = 2 | 4;

/** Flags of mount(2). */
export const MOUNT = { readOnly: 1, noSuid: 2, noDev: 4, noExec: 8, remount: 32, bind: 4096, rec: 16384 } as const;
/** Flags of mount(2) that only change how a mount passes on what is mounted below it. */
const MS_PRIVATE = 1 << 18;
const MS_SHARED = 1 << 20;

/** Numbers of system calls younger than the oldest C libraries: the same on every architecture. */
const OPEN_TREE = 428n;
const MOVE_MOUNT = 429n;
const MOUNT_SETATTR = 442n;
const AT_FDCWD = -100n;
const AT_EMPTY_PATH = 0x1000n;
const OPEN_TREE_CLONE = 1n;
const MOVE_MOUNT_F_EMPTY_PATH = 4n;
const MOUNT_ATTR = { readOnly: 1n, noSuid: 2n, noDev: 4n } as const;
/** struct mount_attr: what to set, what to clear, propagation, user namespace; 64 bits each. */
const READ_ONLY_ATTRIBUTES = Buffer.alloc(32);
new BigUint64Array(READ_ONLY_ATTRIBUTES.buffer, READ_ONLY_ATTRIBUTES.byteOffset, 1)[0] =
  MOUNT_ATTR.readOnly | MOUNT_ATTR.noSuid | MOUNT_ATTR.noDev;
const NOTHING = Buffer.alloc(8);

const SYMBOLS = {
  setns: { arguments: ["i32", "i32"], return: "i32" },
  unshare: { arguments: ["i32"], return: "i32" },
  socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
  bind: { arguments: ["i32", "buffer", "u32"], return: "i32" },
  listen: { arguments: ["i32", "i32"], return: "i32" },
  connect: { arguments: ["i32", "buffer", "u32"], return: "i32" },
  close: { arguments: ["i32"], return: "i32" },
  mount: { arguments: ["string", "string", "string", "u64", "string"], return: "i32" },
  umount2: { arguments: ["string", "i32"], return: "i32" },
  socketpair: { arguments: ["i32", "i32", "i32", "buffer"], return: "i32" },
  pipe2: { arguments: ["buffer", "i32"], return: "i32" },
  mknod: { arguments: ["string", "u32", "u64"], return: "i32" },
  flock: { arguments: ["i32", "i32"], return: "i32" },
  syscall: { arguments: ["i64", "i64", "string", "i64", "buffer", "i64"], return: "i64" },
  __errno_location: { arguments: [], return: "pointer" },
} as const;

type Ffi = typeof import("node:ffi");
type LibC = ReturnType<typeof import("node:ffi").dlopen<typeof SYMBOLS>>["functions"];

const ERRNO_NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** A system call that failed; `code` is the name of the error, as in Node's own errors. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly code: string;

  constructor(call: string, errno: number, detail: string) {
    const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
    super(`${code}: ${call} ${detail}`);
    this.code = code;
  }
}

export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

export class Linux {
  readonly #libc: LibC;
  readonly #errno: () => number;
  /** The network namespace that the region itself lives in; other programs can open it as a path of this process. */
  readonly homeNetworkFd: number;

  private constructor(ffi: Ffi, libc: LibC) {
    this.#libc = libc;
    this.#errno = () => ffi.getInt32(libc.__errno_location());
    this.homeNetworkFd = openSync("/proc/thread-self/ns/net", "r");
  }

  /** @throws SandboxError when this Node has no foreign function interface */
  static open(): Linux {
    const ffi: Ffi | undefined = process.getBuiltinModule("node:ffi");
    if (ffi === undefined) {
      throw new SandboxError(`Node ${process.versions.node} cannot call the C library (no node:ffi)`, {
        hint: "start Alonzo through npm (npm start), which brings Node 26",
      });
    }
    return new Linux(ffi, ffi.dlopen(null, SYMBOLS).functions);
  }

  close(): void {
    closeSync(this.homeNetworkFd);
  }

  /** @returns descriptor that alone keeps the namespace alive: when this process dies, so does the namespace */
  createNetworkNamespace(): number {
    this.#check(this.#libc.unshare(CLONE_NEWNET), "unshare", "network namespace");
    try {
      return openSync("/proc/thread-self/ns/net", "r");
    } finally {
      this.#enter(this.homeNetworkFd);
    }
  }

  /** Run something inside a network namespace. Must not await: the whole main thread is in there meanwhile. */
  insideNetworkNamespace<T>(namespaceFd: number, action: () => T): T {
    this.#enter(namespaceFd);
    try {
      return action();
    } finally {
      this.#enter(this.homeNetworkFd);
    }
  }

  /** @returns descriptor of a listening TCP socket, in the namespace that the thread is in */
  listenTcp(address: string, port: number): number {
    const fd = this.#check(this.#libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket", address);
    const name = socketAddress(address, port);
    try {
      this.#check(this.#libc.bind(fd, name, name.length), "bind", `${address}:${port}`);
      this.#check(this.#libc.listen(fd, 128), "listen", `${address}:${port}`);
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
    return fd;
  }

  /**
   * @returns descriptor of a TCP socket on its way to that port, in the namespace that the thread is in: whether it is
   * refused shows at the first read or write
   */
  connectTcp(address: string, port: number): number {
    const type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const fd = this.#check(this.#libc.socket(AF_INET, type, 0), "socket", address);
    const name = socketAddress(address, port);
    if (this.#libc.connect(fd, name, name.length) === 0) return fd;
    const errno = this.#errno();
    if (errno === constants.errno.EINPROGRESS) return fd;
    this.#libc.close(fd);
    throw new SystemCallError("connect", errno, `${address}:${port}`);
  }

  mount(source: string, target: string, type: string, flags: number, options = ""): void {
    this.#check(this.#libc.mount(source, target, type, BigInt(flags), options), "mount", `${source} at ${target}`);
  }

  /** Bind a file or directory read-only. Two calls, since the kernel ignores further flags on the first. */
  bindReadOnly(source: string, target: string, flags: number = MOUNT.noSuid | MOUNT.noDev): void {
    this.mount(source, target, "none", MOUNT.bind);
    this.mount("none", target, "none", MOUNT.bind | MOUNT.remount | MOUNT.readOnly | flags);
  }

  /** What is mounted below it from now on is mounted, too, wherever it was bound to. */
  share(target: string): void {
    this.mount("none", target, "none", MS_SHARED);
  }

  /** The opposite of share(), for all mounts below, too: what was passed on stays. */
  unshare(target: string): void {
    this.mount("none", target, "none", MS_PRIVATE | MOUNT.rec);
  }

  /**
   * Bind a directory read-only, so that it is so from its first moment: a mount that is passed on keeps the flags that it
   * had then. Linux 5.12 or later.
   */
  attachReadOnly(source: string, target: string): void {
    const { syscall } = this.#libc;
    const clone = OPEN_TREE_CLONE | BigInt(O_CLOEXEC);
    const mount = this.#check(syscall(OPEN_TREE, AT_FDCWD, source, clone, NOTHING, 0n), "open_tree", source);
    try {
      const size = BigInt(READ_ONLY_ATTRIBUTES.length);
      const set = syscall(MOUNT_SETATTR, mount, "", AT_EMPTY_PATH, READ_ONLY_ATTRIBUTES, size);
      this.#check(set, "mount_setattr", source);
      const path = Buffer.from(`${target}\0`);
      const moved = syscall(MOVE_MOUNT, mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
      this.#check(moved, "move_mount", `${source} to ${target}`);
    } finally {
      closeSync(Number(mount));
    }
  }

  /** Take a mount and all below it out of the tree, even while used. @returns false when nothing is mounted there */
  unmount(target: string): boolean {
    if (this.#libc.umount2(target, MNT_DETACH) === 0) return true;
    const errno = this.#errno();
    if (errno === constants.errno.EINVAL || errno === constants.errno.ENOENT) return false;
    throw new SystemCallError("umount2", errno, target);
  }

  /** All of them or, where descriptors are short, none. */
  pipes(count: number): Pipe[] {
    const pipes: Pipe[] = [];
    try {
      while (pipes.length < count) pipes.push(this.#pipe());
      return pipes;
    } catch (error) {
      for (const { readEnd, writeEnd } of pipes) for (const end of [readEnd, writeEnd]) closeSync(end);
      throw error;
    }
  }

  /** @returns descriptors of two unix sockets that are connected with each other */
  socketPair(): readonly [number, number] {
    const ends = new Int32Array(2);
    const type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    this.#check(this.#libc.socketpair(AF_UNIX, type, 0, ends), "socketpair", "");
    return [ends[0] as number, ends[1] as number];
  }

  /** Make a character device with mode 0666, whatever the umask. */
  makeDevice(path: string, major: number, minor: number): void {
    this.#check(this.#libc.mknod(path, S_IFCHR | 0o666, BigInt(major * 256 + minor)), "mknod", path);
    chmodSync(path, 0o666);
  }

  /** Lock an open file for this process alone. The kernel unlocks it when the process dies. @returns false if taken */
  tryLock(fd: number): boolean {
    if (this.#libc.flock(fd, LOCK_EX_NB) === 0) return true;
    const errno = this.#errno();
    if (errno === constants.errno.EWOULDBLOCK) return false;
    throw new SystemCallError("flock", errno, String(fd));
  }

  #pipe(): Pipe {
    const ends = new Int32Array(2);
    this.#check(this.#libc.pipe2(ends, O_CLOEXEC), "pipe2", "");
    return { readEnd: ends[0] as number, writeEnd: ends[1] as number };
  }

  #enter(namespaceFd: number): void {
    this.#check(this.#libc.setns(namespaceFd, CLONE_NEWNET), "setns", "network namespace");
  }

  #check<T extends number | bigint>(result: T, call: string, detail: string): T {
    if (result < 0) throw new SystemCallError(call, this.#errno(), detail);
    return result;
  }
}

/** struct sockaddr_in: family in host byte order, port and address in network byte order. */
function socketAddress(address: string, port: number): Buffer {
  const name = Buffer.alloc(16);
  new Uint16Array(name.buffer, name.byteOffset, 1)[0] = AF_INET;
  name.writeUInt16BE(port, 2);
  name.set(address.split(".").map(Number), 4);
  return name;
}
