/** One execution environment as a container: its place on the host, its listeners, and what runs in it. */
import { closeSync, fchownSync, mkdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { Connections } from "../connections.ts";
import { Output } from "../output.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxExtensions, SandboxPaths, SandboxSpec } from "../sandbox.ts";
import { ociConfig } from "./bundle.ts";
import { Cgroup, killCgroup, removeCgroup, signalInit } from "./cgroup.ts";
import type { Ground } from "./ground.ts";
import { type Linux, MOUNT } from "./linux.ts";
import { INSIDE_ADDRESS, type NetworkNamespace } from "./namespace-pool.ts";
import { forget, launch } from "./oci-runtime.ts";
import {
  type ProcessOne,
  processOne,
  processOneForExtensions,
  RUNTIME,
  runtimeScript,
  ToldEnds,
} from "./process-one.ts";
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

type Pipe = ReturnType<Linux["pipe"]>;

/** @throws SystemCallError when descriptors are short */
function openPipes(linux: Linux, count: number): Pipe[] {
  const pipes: Pipe[] = [];
  try {
    while (pipes.length < count) pipes.push(linux.pipe());
    return pipes;
  } catch (error) {
    for (const { readEnd, writeEnd } of pipes) for (const end of [readEnd, writeEnd]) closeSync(end);
    throw error;
  }
}

/** Extensions run, and process 1 waits to hear how to start the runtime. */
interface Waiting {
  readonly ends: ToldEnds;
  /** Write end of its pipe. */
  readonly commandFd: number;
  /** What it started the extensions with. */
  readonly environment: Readonly<Record<string, string>>;
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
  #waiting: Waiting | undefined;
  #wasKilledForMemory = false;
  /** Since the last launch. */
  #oomKills = 0;
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

  async startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    const { executables, environment, workingDirectory } = extensions;
    const [command, output] = openPipes(this.#ground.linux, 2) as [Pipe, Pipe];
    try {
      const one = processOneForExtensions(executables, environment, workingDirectory);
      const { ends } = await this.#launch(one, { command, output });
      this.#waiting = { ends, commandFd: command.writeEnd, environment };
      return executables.map((_, index) => this.#endOf(ends, String(index)));
    } catch (error) {
      for (const end of [command.writeEnd, output.readEnd]) closeSync(end);
      throw error;
    } finally {
      for (const end of [command.readEnd, output.writeEnd]) closeSync(end);
    }
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    if (this.#waiting) return { exited: this.#startBeside(this.#waiting, command) };
    const { ends, over } = await this.#launch(processOne(command));
    // Alone it is over with the runtime: what was written is all there, and every process dead, when its end is told.
    return { exited: over.then(() => this.#endOf(ends, RUNTIME)) };
  }

  terminate(): void {
    signalInit(this.#ground.layout, this.#cgroupPath, "SIGTERM");
  }

  killRuntime(): void {
    signalInit(this.#ground.layout, this.#cgroupPath, "SIGUSR1");
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

  /** Made inside the sandbox's network: no way leads there from outside, and none is opened. */
  connect(port: number): Socket {
    const { linux } = this.#ground;
    const fd = linux.insideNetworkNamespace(this.#network.fd, () => linux.connectTcp("127.0.0.1", port));
    return new Socket({ fd, readable: true, writable: true });
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

  /** @returns the ends that process 1 tells of, and when all is over */
  async #launch(
    one: ProcessOne,
    beside?: { command: Pipe; output: Pipe },
  ): Promise<{ ends: ToldEnds; over: Promise<void> }> {
    const { linux, layout, runtime, stateRoot, root, devices, seccomp } = this.#ground;
    const config = ociConfig({
      processOne: one,
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
    const [output, status] = openPipes(linux, 2) as [Pipe, Pipe];
    // Programs that open /dev/stdout by its path need to own the pipe.
    for (const { writeEnd } of beside ? [output, beside.output] : [output]) {
      fchownSync(writeEnd, this.#userId, this.#userId);
    }
    const ends = new ToldEnds(status.readEnd);
    const fds = {
      outputFd: output.writeEnd,
      statusFd: status.writeEnd,
      ...(beside && { beside: { commandFd: beside.command.readEnd, outputFd: beside.output.writeEnd } }),
    };
    let cgroup: Cgroup;
    try {
      await launch(runtime, { id: this.#containerId, bundle: this.#directory, stateRoot, ...fds });
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
    this.#oomKills = 0;
    // Read from only now: had the launch failed, the OCI runtime's complaint would be in the function's log.
    const outputs = [new Output(output.readEnd, this.#spec.onOutput)];
    if (beside) outputs.push(new Output(beside.output.readEnd, this.#spec.onExtensionOutput));
    const over = this.#awaitOver(ends, outputs, cgroup);
    this.#cgroup = cgroup;
    this.#cleaned = over.then(() => this.#clean());
    // Whoever comes next awaits it and hears of a failure; until then it must not count as unhandled.
    this.#cleaned.catch(() => {});
    this.#ground.memoryWatcher.watch(this);
    return { ends, over };
  }

  /** Tell process 1 how to start the runtime. */
  #startBeside({ ends, commandFd, environment }: Waiting, command: SandboxCommand): Promise<SandboxExit> {
    this.#waiting = undefined;
    try {
      writeSync(commandFd, runtimeScript(environment, command));
    } catch (error) {
      // It is dead already, which its ends tell.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    } finally {
      closeSync(commandFd);
    }
    return this.#endOf(ends, RUNTIME);
  }

  async #endOf(ends: ToldEnds, who: string): Promise<SandboxExit> {
    const end = await ends.of(who);
    const outOfMemory = end.signal === "SIGKILL" && (this.#wasKilledForMemory || this.#countOomKills() > 0);
    return { ...end, outOfMemory };
  }

  /** When process 1 is gone and all that was written is read. */
  async #awaitOver(ends: ToldEnds, outputs: readonly Output[], cgroup: Cgroup): Promise<void> {
    await ends.over;
    await Promise.all(outputs.map((output) => output.drain(DRAIN_MS)));
    this.#ground.memoryWatcher.unwatch(this);
    try {
      this.#peakMemoryMb = cgroup.peakMemoryMb();
      this.#countOomKills();
    } catch {
      // No descriptor is free to look with: the end is what it is, only its reason stays unknown.
    } finally {
      cgroup.close();
      this.#cgroup = undefined;
      if (this.#waiting) closeSync(this.#waiting.commandFd);
      this.#waiting = undefined;
    }
  }

  /** The last figure stands when the group is gone. */
  #countOomKills(): number {
    try {
      if (this.#cgroup) this.#oomKills = this.#cgroup.oomKills();
    } catch {
      // No descriptor is free to look with.
    }
    return this.#oomKills;
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
