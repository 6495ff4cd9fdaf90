/** One execution environment as a container: its place on the host, its listeners, and what runs in it. */
import { closeSync, fchownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import { Connections } from "../connections.ts";
import { Output } from "../output.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxPaths, SandboxSpec } from "../sandbox.ts";
import { ociConfig } from "./bundle.ts";
import { Cgroup, killCgroup, removeCgroup, signalInit } from "./cgroup.ts";
import type { Ground } from "./ground.ts";
import { type Linux, MOUNT } from "./linux.ts";
import { INSIDE_ADDRESS, type NetworkNamespace } from "./namespace-pool.ts";
import { forget, launch } from "./oci-runtime.ts";
import { OWN_DIRECTORY, USER_NAME } from "./rootfs.ts";
import { regionCgroup } from "./sweep.ts";

const RUNTIME_API_PORT = 9001;
const REGION_PORT = 4566;
const SOCKET_NAME = "runtime-api.sock";
const FIRST_USER_ID = 1_000_000;
const USER_IDS_PER_REGION = 4096;
/** Every process is dead when the exit is known, so what is in the pipe is all there is. */
const DRAIN_MS = 1000;
/** As many files per MB of /tmp as AWS's ext4 has (one inode per 16 KB). */
const INODES_PER_MB = 64;

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** Everything that process 1 says of its end: a line with the exit status, or nothing when it was killed. */
function readStatus(fd: number): Promise<string> {
  const socket = new Socket({ fd, readable: true, writable: false });
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    // The function can write here only by forging its own end; it shall not fill our memory that way.
    if (text.length < 16) text += chunk.slice(0, 16);
  });
  socket.on("error", () => socket.destroy());
  return new Promise((resolve) => socket.once("close", () => resolve(text)));
}

/** For the output and for the status of what is started. @throws SystemCallError when descriptors are short */
function openPipes(linux: Linux) {
  const output = linux.pipe();
  try {
    return { output, status: linux.pipe() };
  } catch (error) {
    closeSync(output.readEnd);
    closeSync(output.writeEnd);
    throw error;
  }
}

/** A shell tells a death by signal as 128 + its number. */
function parseStatus(text: string): Pick<SandboxExit, "code" | "signal"> {
  const status = /^(\d{1,3})\n/.exec(text)?.[1];
  if (status === undefined) return { code: null, signal: "SIGKILL" };
  const signal = SIGNAL_NAMES.get(Number(status) - 128);
  return signal === undefined ? { code: Number(status), signal: null } : { code: null, signal };
}

export class ContainerSandbox implements Sandbox {
  readonly id: string;
  readonly paths: SandboxPaths = {
    task: "/var/task",
    runtime: "/var/runtime",
    language: "/var/lang",
    layers: "/opt",
    temporary: "/tmp",
  };
  readonly runtimeApiAddress = `${INSIDE_ADDRESS}:${RUNTIME_API_PORT}`;
  readonly runtimeApiSocketPath = join(OWN_DIRECTORY, SOCKET_NAME);
  readonly regionEndpoint = `http://${INSIDE_ADDRESS}:${REGION_PORT}`;
  readonly #spec: SandboxSpec;
  readonly #ground: Ground;
  readonly #network: NetworkNamespace;
  readonly #directory: string;
  readonly #cgroupPath: string;
  readonly #userId: number;
  readonly #connections = new Connections();
  readonly #onDestroyed: () => void;
  /** While something runs. */
  #cgroup: Cgroup | undefined;
  /** Resolves when nothing of what ran last is left on the host. */
  #cleaned: Promise<void> = Promise.resolve();
  #wasKilledForMemory = false;
  #peakMemoryMb = 1;

  constructor(spec: SandboxSpec, ground: Ground, network: NetworkNamespace, onDestroyed: () => void) {
    const { number, path } = ground.runDirectory;
    this.id = spec.id;
    this.#spec = spec;
    this.#ground = ground;
    this.#network = network;
    this.#onDestroyed = onDestroyed;
    this.#directory = join(path, "sandboxes", String(network.slot));
    this.#cgroupPath = join(regionCgroup(number), String(network.slot));
    this.#userId = FIRST_USER_ID + number * USER_IDS_PER_REGION + network.slot;
  }

  /** Make directories, /tmp and listeners. */
  async prepare(): Promise<void> {
    const { linux } = this.#ground;
    mkdirSync(this.#own, { recursive: true, mode: 0o755 });
    mkdirSync(this.#temporary);
    const { ephemeralStorageMb } = this.#spec;
    const size = `size=${ephemeralStorageMb}m,nr_inodes=${ephemeralStorageMb * INODES_PER_MB},mode=1777`;
    linux.mount("tmp", this.#temporary, "tmpfs", MOUNT.noSuid | MOUNT.noDev, size);
    const user = `${USER_NAME}:x:${this.#userId}`;
    writeFileSync(join(this.#own, "passwd"), `root:x:0:0:root:/root:/bin/sh\n${user}:${this.#userId}::/tmp:/bin/sh\n`);
    writeFileSync(join(this.#own, "group"), `root:x:0:\n${user}:\n`);
    await this.#listen();
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    const { linux, layout, runtime, stateRoot, root, devices, seccomp } = this.#ground;
    const config = ociConfig({
      command,
      root,
      devices,
      seccomp,
      directories: this.#spec.directories,
      own: this.#own,
      temporary: this.#temporary,
      userId: this.#userId,
      cgroupPath: `/${this.#cgroupPath}`,
      networkNamespace: `/proc/${process.pid}/fd/${this.#network.fd}`,
      memoryMb: this.#spec.memoryMb,
      ephemeralStorageMb: this.#spec.ephemeralStorageMb,
      hasSwapAccounting: layout.hasSwapAccounting,
    });
    writeFileSync(join(this.#directory, "config.json"), JSON.stringify(config));
    await this.#cleaned;
    const { output, status } = openPipes(linux);
    // Programs that open /dev/stdout by its path need to own the pipe.
    fchownSync(output.writeEnd, this.#userId, this.#userId);
    const statusText = readStatus(status.readEnd);
    const ends = { outputFd: output.writeEnd, statusFd: status.writeEnd };
    let cgroup: Cgroup;
    try {
      await launch(runtime, { id: this.#containerId, bundle: this.#directory, stateRoot, ...ends });
      cgroup = new Cgroup(layout, this.#cgroupPath, this.#spec.memoryMb);
    } catch (error) {
      closeSync(output.readEnd);
      await this.#clean();
      throw error;
    } finally {
      closeSync(output.writeEnd);
      closeSync(status.writeEnd);
    }
    this.#wasKilledForMemory = false;
    // Read from only now: had the launch failed, the OCI runtime's complaint would be in the function's log.
    const exited = this.#awaitEnd(statusText, new Output(output.readEnd, this.#spec.onOutput), cgroup);
    this.#cgroup = cgroup;
    this.#cleaned = exited.then(() => this.#clean());
    // Whoever comes next awaits it and hears of a failure; until then it must not count as unhandled.
    this.#cleaned.catch(() => {});
    this.#ground.memoryWatcher.watch(this);
    return { exited };
  }

  terminate(): void {
    signalInit(this.#ground.layout, this.#cgroupPath, "SIGTERM");
  }

  async reset(): Promise<void> {
    await this.#kill();
    this.#connections.drop();
  }

  freeze(): void {
    if (!this.#cgroup) return;
    this.#ground.memoryWatcher.unwatch(this);
    this.#cgroup.freeze();
  }

  thaw(): void {
    if (!this.#cgroup) return;
    this.#cgroup.thaw();
    this.#ground.memoryWatcher.watch(this);
  }

  peakMemoryMb(): number {
    if (this.#cgroup) this.#peakMemoryMb = this.#cgroup.peakMemoryMb();
    return this.#peakMemoryMb;
  }

  isOverMemoryLimit(): boolean {
    return this.#cgroup?.isOverLimit() ?? false;
  }

  killForMemory(): void {
    this.#wasKilledForMemory = true;
    killCgroup(this.#ground.layout, this.#cgroupPath);
  }

  async destroy(): Promise<void> {
    await this.#kill();
    this.#connections.close();
    this.#ground.linux.unmount(this.#temporary);
    rmSync(this.#directory, { recursive: true, force: true });
    this.#onDestroyed();
  }

  get #own(): string {
    return join(this.#directory, "own");
  }

  get #temporary(): string {
    return join(this.#directory, "tmp");
  }

  get #containerId(): string {
    return `alonzo-${this.#ground.runDirectory.number}-${this.#network.slot}`;
  }

  async #listen(): Promise<void> {
    const { linux } = this.#ground;
    const { onRuntimeApiConnection, onRegionConnection } = this.#spec;
    // The sockets are made inside the sandbox's network: whoever reaches them is inside.
    const [runtimeApi, region] = linux.insideNetworkNamespace(this.#network.fd, () => [
      linux.listenTcp(INSIDE_ADDRESS, RUNTIME_API_PORT),
      linux.listenTcp(INSIDE_ADDRESS, REGION_PORT),
    ]) as [number, number];
    const path = join(this.#own, SOCKET_NAME);
    await Promise.all([
      this.#connections.listen({ fd: runtimeApi }, onRuntimeApiConnection),
      this.#connections.listen({ fd: region }, onRegionConnection),
      this.#connections.listen({ path, readableAll: true, writableAll: true }, onRuntimeApiConnection),
    ]);
  }

  async #awaitEnd(statusText: Promise<string>, output: Output, cgroup: Cgroup): Promise<SandboxExit> {
    const status = parseStatus(await statusText);
    await output.drain(DRAIN_MS);
    this.#ground.memoryWatcher.unwatch(this);
    try {
      this.#peakMemoryMb = cgroup.peakMemoryMb();
      const outOfMemory = status.signal === "SIGKILL" && (this.#wasKilledForMemory || cgroup.oomKills() > 0);
      return { ...status, outOfMemory };
    } catch {
      // No descriptor is free to look with: the end is what it is, only its reason stays unknown.
      return { ...status, outOfMemory: this.#wasKilledForMemory };
    } finally {
      cgroup.close();
      this.#cgroup = undefined;
    }
  }

  async #kill(): Promise<void> {
    if (this.#cgroup) killCgroup(this.#ground.layout, this.#cgroupPath);
    await this.#cleaned;
  }

  async #clean(): Promise<void> {
    killCgroup(this.#ground.layout, this.#cgroupPath);
    await removeCgroup(this.#ground.layout, this.#cgroupPath);
    forget(this.#ground.stateRoot, this.#containerId);
  }
}
