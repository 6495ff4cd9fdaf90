/** One execution environment in gVisor: its place on the host, its listeners, and what runs in it. */
import { closeSync, statfsSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Connections } from "../connections.ts";
import { Cgroup, killCgroup, removeCgroup } from "../oci/cgroup.ts";
import { RUNTIME } from "../oci/ends.ts";
import { HostDirectory } from "../oci/host-directory.ts";
import { limitsOf } from "../oci/limits.ts";
import type { Pipe } from "../oci/linux.ts";
import type { NetworkNamespace } from "../oci/namespace-pool.ts";
import { makeGroup } from "../oci/own-group.ts";
import { placeAt, RUNTIME_API_SOCKET } from "../oci/place.ts";
import { regionCgroup } from "../oci/sweep.ts";
import { Output } from "../output.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxExtensions, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { LISTENING_ADDRESS, ociConfig } from "./bundle.ts";
import type { Ground } from "./ground.ts";
import { Inbound } from "./inbound.ts";
import { ProcessOne, SCRIPT } from "./process-one.ts";
import { checkpoint, forget, launch } from "./runsc.ts";

const MB = 1024 * 1024;
const PLACE = placeAt(LISTENING_ADDRESS);
/** As in Lambda. All sandboxes have the same: gVisor knows the user, the host's kernel never meets it. */
const USER_ID = 993;
/** gVisor's own processes beside the function's memory, of which they need more as the function does. */
const GVISOR_BYTES = 192 * MB;
/** Threads of the host: gVisor's own, and some for each process inside. */
const MOST_THREADS = 4096;
/** Every process is dead when the exit is known, so what is in the pipe is all there is. */
const DRAIN_MS = 1000;
/** Of the first line that process 1 says on a connection to the driver. */
const MOST_GREETING = 32;
/** ms */
const HOLD_PATIENCE_MS = 10_000;

export class GvisorSandbox implements Sandbox {
  readonly id: string;
  readonly paths = PLACE.paths;
  readonly runtimeApiAddress = PLACE.runtimeApiAddress;
  readonly runtimeApiSocketPath = PLACE.runtimeApiSocketPath;
  readonly regionEndpoint = PLACE.regionEndpoint;
  readonly #spec: SandboxSpec;
  readonly #ground: Ground;
  readonly #network: NetworkNamespace;
  readonly #directory: HostDirectory;
  readonly #cgroupPath: string;
  readonly #connections = new Connections();
  readonly #inbound: Inbound;
  readonly #onDestroyed: () => void;
  /** While something runs. */
  #one: ProcessOne | undefined;
  #cgroup: Cgroup | undefined;
  #extensions = 0;
  #extensionOutput: Output | undefined;
  /** Resolves when nothing of what ran last is left on the host. */
  #cleaned: Promise<void> = Promise.resolve();
  #launches = 0;
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
    this.#inbound = new Inbound(ground.linux);
    this.#directory = new HostDirectory(ground.linux, join(path, "sandboxes", String(network.slot)));
    this.#cgroupPath = join(regionCgroup(number), String(network.slot));
  }

  /** What is mounted at /tmp. */
  get temporaryDirectory(): string {
    return this.#directory.temporary;
  }

  get extensionCount(): number {
    return this.#extensions;
  }

  /** Make directories, /tmp and listeners. */
  async prepare(): Promise<void> {
    this.#directory.make(USER_ID, this.#spec.ephemeralStorageMb);
    const listen = (name: string, onConnection: (socket: Socket) => void) => {
      const path = join(this.#directory.own, name);
      return this.#connections.listen({ path, readableAll: true, writableAll: true }, onConnection);
    };
    await Promise.all([
      listen(RUNTIME_API_SOCKET, (socket) => this.#spec.onRuntimeApiConnection(socket)),
      listen("region.sock", (socket) => this.#spec.onRegionConnection(socket)),
      listen("driver.sock", (socket) => this.#receive(socket)),
    ]);
  }

  async startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    const one = await this.#launch();
    const { executables, environment, workingDirectory } = extensions;
    this.#extensions = executables.length;
    for (const [index, executable] of executables.entries()) {
      one.start(String(index), { argv: [executable], environment, workingDirectory });
    }
    return this.#extensionEnds(one);
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    const one = this.#one ?? (await this.#launch());
    one.start(RUNTIME, command);
    return { exited: this.#runtimeEnd(one) };
  }

  terminate(): void {
    this.#one?.terminate();
  }

  killRuntime(): void {
    this.#one?.killRuntime();
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

  connect(port: number): Socket {
    const one = this.#one;
    if (!one) throw new SandboxError(`nothing runs in sandbox ${this.id}`);
    return this.#inbound.connect(port, (connection) => one.dial(connection, port));
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
    this.#directory.remove();
    this.#onDestroyed();
  }

  /** Write what runs to a directory. Nothing runs afterwards. */
  async save(directory: string): Promise<void> {
    const one = this.#one;
    if (!one) throw new SandboxError("nothing runs of which a snapshot could be taken");
    this.thaw();
    this.#ground.memoryWatcher.unwatch(this);
    await orGiveUp(one.hold(), "process 1 does not let go of its connections");
    const { runsc, stateRoot } = this.#ground;
    await checkpoint(runsc, { id: this.#containerId, bundle: this.#directory.path, stateRoot }, directory);
    await this.#kill();
  }

  /** Have the processes of a snapshot go on, among them so many extensions. */
  async resume(
    snapshot: string,
    extensions: number,
  ): Promise<{ readonly exited: Promise<SandboxExit>; readonly extensionsExited: readonly Promise<SandboxExit>[] }> {
    const one = await this.#launch(snapshot);
    this.#extensions = extensions;
    one.resume();
    return { exited: this.#runtimeEnd(one), extensionsExited: this.#extensionEnds(one) };
  }

  get #containerId(): string {
    return `alonzo-${this.#ground.runDirectory.number}-${this.#network.slot}-${this.#launches}`;
  }

  /** What process 1 connects for says its first line. */
  #receive(socket: Socket): void {
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      const end = chunk.subarray(0, MOST_GREETING).indexOf("\n");
      const greeting = end < 0 ? "" : chunk.toString("latin1", 0, end);
      if (end >= 0 && end + 1 < chunk.length) socket.unshift(chunk.subarray(end + 1));
      if (greeting !== "output") this.#inbound.join(greeting, socket);
      else this.#extensionOutput = new Output(socket, (bytes) => this.#spec.onExtensionOutput(bytes));
      socket.resume();
    });
  }

  async #launch(snapshot?: string): Promise<ProcessOne> {
    const { linux, layout, runsc, stateRoot, root, imagePerl, namespaces } = this.#ground;
    await this.#cleaned;
    // runsc takes the address away from the interface that it serves.
    if (this.#launches > 0) await namespaces.readdress(this.#network);
    this.#launches++;
    const config = ociConfig({
      root,
      imagePerl,
      script: SCRIPT,
      directories: this.#spec.directories,
      own: this.#directory.own,
      temporary: this.#directory.temporary,
      userId: USER_ID,
      networkNamespace: `/proc/${process.pid}/fd/${this.#network.fd}`,
    });
    writeFileSync(join(this.#directory.path, "config.json"), JSON.stringify(config));
    const [command, output, report] = linux.pipes(3) as [Pipe, Pipe, Pipe];
    const one = new ProcessOne(command.writeEnd, report.readEnd, (connection) => this.#inbound.refuse(connection));
    let cgroup: Cgroup;
    try {
      await launch(runsc, {
        id: this.#containerId,
        bundle: this.#directory.path,
        stateRoot,
        groupFiles: this.#makeGroup(),
        descriptors: [command.readEnd, output.writeEnd, report.writeEnd],
        ...(snapshot !== undefined && { snapshot }),
      });
      cgroup = new Cgroup(layout, this.#cgroupPath, this.#spec.memoryMb, (usage, statistic) => {
        // What runs inside has its memory in a file that its processes share; the rest is gVisor's own.
        const inFiles = statistic(layout.files.sharedBytesLine);
        return usage - Math.max(0, inFiles - this.#temporaryBytes());
      });
    } catch (error) {
      closeSync(output.readEnd);
      await this.#clean();
      throw error;
    } finally {
      for (const fd of [command.readEnd, output.writeEnd, report.writeEnd]) closeSync(fd);
    }
    this.#extensions = 0;
    this.#wasKilledForMemory = false;
    this.#oomKills = 0;
    this.#one = one;
    this.#cgroup = cgroup;
    const over = this.#awaitOver(one, new Output(output.readEnd, (chunk) => this.#spec.onOutput(chunk)), cgroup);
    this.#cleaned = over.then(() => this.#clean());
    // Whoever comes next awaits it and hears of a failure; until then it must not count as unhandled.
    this.#cleaned.catch(() => {});
    this.#over = over;
    this.#ground.memoryWatcher.watch(this);
    return one;
  }

  /** All is dead, and what was written is read. */
  #over: Promise<void> = Promise.resolve();

  #makeGroup(): string[] {
    const { memoryBytes, cpuShares } = limitsOf(this.#spec);
    const limits = { memoryBytes: memoryBytes + GVISOR_BYTES, cpuShares };
    return makeGroup(this.#ground.layout, this.#cgroupPath, limits, MOST_THREADS);
  }

  #temporaryBytes(): number {
    const { blocks, bfree, bsize } = statfsSync(this.#directory.temporary);
    return (blocks - bfree) * bsize;
  }

  async #runtimeEnd(one: ProcessOne): Promise<SandboxExit> {
    const over = this.#over;
    const end = await this.#endOf(one, RUNTIME);
    if (this.#extensions > 0) return end;
    // Alone it is over with the runtime: what was written is all there, and every process dead, when its end is told.
    if (this.#one === one) killCgroup(this.#ground.layout, this.#cgroupPath);
    await over;
    return end;
  }

  #extensionEnds(one: ProcessOne): Promise<SandboxExit>[] {
    return Array.from({ length: this.#extensions }, (_, index) => this.#endOf(one, String(index)));
  }

  async #endOf(one: ProcessOne, who: string): Promise<SandboxExit> {
    const end = await one.endOf(who);
    const outOfMemory = end.signal === "SIGKILL" && (this.#wasKilledForMemory || this.#countOomKills() > 0);
    return { ...end, outOfMemory };
  }

  async #awaitOver(one: ProcessOne, output: Output, cgroup: Cgroup): Promise<void> {
    await one.over;
    await Promise.all([output.drain(DRAIN_MS), this.#extensionOutput?.drain(DRAIN_MS)]);
    this.#ground.memoryWatcher.unwatch(this);
    try {
      this.#peakMemoryMb = cgroup.peakMemoryMb();
      this.#countOomKills();
    } catch {
      // No descriptor is free to look with: the end is what it is, only its reason stays unknown.
    } finally {
      cgroup.close();
      this.#cgroup = undefined;
      this.#one = undefined;
      this.#extensionOutput = undefined;
      this.#inbound.drop();
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

async function orGiveUp(promise: Promise<void>, complaint: string): Promise<void> {
  const { promise: patience, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new SandboxError(complaint)), HOLD_PATIENCE_MS);
  await Promise.race([promise, patience]).finally(() => clearTimeout(timer));
}
