/** One execution environment as a container: its place on the host, its listeners, and what runs in it. */
import { closeSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { Connections } from "../connections.ts";
import { Cgroup, killCgroup, removeCgroup, signalInit } from "../oci/cgroup.ts";
import { RUNTIME } from "../oci/ends.ts";
import { HostDirectory } from "../oci/host-directory.ts";
import type { Size } from "../oci/limits.ts";
import type { Pipe } from "../oci/linux.ts";
import { INSIDE_ADDRESS, type NetworkNamespace } from "../oci/namespace-pool.ts";
import { placeAt, REGION_PORT, RUNTIME_API_PORT, RUNTIME_API_SOCKET } from "../oci/place.ts";
import { regionCgroup } from "../oci/sweep.ts";
import { Output } from "../output.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxExtensions, SandboxSpec } from "../sandbox.ts";
import { ociConfig } from "./bundle.ts";
import type { Ground } from "./ground.ts";
import { LateMounts } from "./late-mounts.ts";
import { forget, launch } from "./oci-runtime.ts";
import {
  type ProcessOne,
  processOne,
  processOneForCell,
  processOneForExtensions,
  runtimeScript,
  ToldEnds,
} from "./process-one.ts";
import { giveTo, type SandboxUsers, sandboxUsers } from "./users.ts";
import { type Launched, Waiting } from "./waiting.ts";

const PLACE = placeAt(INSIDE_ADDRESS);
/** Every process is dead when the exit is known, so what is in the pipe is all there is. */
const DRAIN_MS = 1000;
/** What a cell is made for: the smallest function that there can be. */
export const CELL_SIZE: Size = { memoryMb: 128, ephemeralStorageMb: 512 };

/** What process 1 gets besides its own. */
interface Beside {
  readonly command: Pipe;
  readonly output: Pipe | undefined;
}

export class ContainerSandbox implements Sandbox {
  readonly id: string;
  readonly paths = PLACE.paths;
  readonly runtimeApiAddress = PLACE.runtimeApiAddress;
  readonly runtimeApiSocketPath = PLACE.runtimeApiSocketPath;
  readonly regionEndpoint = PLACE.regionEndpoint;
  #spec: SandboxSpec;
  readonly #ground: Ground;
  readonly #network: NetworkNamespace;
  readonly #directory: HostDirectory;
  readonly #cgroupPath: string;
  readonly #users: SandboxUsers;
  readonly #connections = new Connections();
  readonly #onDestroyed: () => void;
  /** Where what comes late is mounted. */
  #late: LateMounts | undefined;
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
    this.#directory = new HostDirectory(ground.linux, join(path, "sandboxes", String(network.slot)));
    this.#cgroupPath = join(regionCgroup(number), String(network.slot));
    this.#users = sandboxUsers(number, network.slot, ground.hasUserNamespaces);
  }

  /** Make directories, /tmp and listeners. */
  async prepare(): Promise<void> {
    this.#directory.make(this.#users.inside, this.#spec.ephemeralStorageMb);
    await this.#listen();
  }

  /** Start a runtime process that waits to be told for which function, of a size no smaller than this one's. */
  async startCell(command: SandboxCommand): Promise<Pick<Launched, "over">> {
    this.#late = new LateMounts(this.#ground.linux, join(this.#directory.path, "late"));
    this.#late.make();
    const launched = await this.#launchWaiting(processOneForCell(command), JSON.stringify, true);
    // It waits and cannot grow.
    this.#ground.memoryWatcher.unwatch(this);
    return launched;
  }

  /** It is this function's from now on. */
  adopt(spec: SandboxSpec): void {
    this.#spec = spec;
  }

  async startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    // They come before the runtime: one that waits already will not do.
    if (this.#waiting) await this.#kill();
    this.#forgetLate();
    const { executables, environment, workingDirectory } = extensions;
    const one = processOneForExtensions(executables, environment, workingDirectory);
    const { ends } = await this.#launchWaiting(one, (command) => runtimeScript(environment, command), false);
    return executables.map((_, index) => this.#endOf(ends, String(index)));
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    const waiting = this.#waiting;
    if (waiting?.isCell) this.#becomeOf(this.#spec);
    else this.#forgetLate();
    this.#waiting = undefined;
    waiting?.tell(command);
    const { ends, over } = waiting ?? (await this.#launch(processOne(command)));
    // Alone it is over with the runtime: what was written is all there, and every process dead, when its end is told.
    if (waiting?.isCell !== false) return { exited: over.then(() => this.#endOf(ends, RUNTIME)) };
    return { exited: this.#endOf(ends, RUNTIME) };
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
    this.#forgetLate();
    this.#directory.remove();
    this.#onDestroyed();
  }

  get #containerId(): string {
    return `alonzo-${this.#ground.runDirectory.number}-${this.#network.slot}`;
  }

  async #listen(): Promise<void> {
    const { linux } = this.#ground;
    // Whose they are is settled when they come.
    const onRuntimeApiConnection = (socket: Socket) => this.#spec.onRuntimeApiConnection(socket);
    const onRegionConnection = (socket: Socket) => this.#spec.onRegionConnection(socket);
    // The sockets are made inside the sandbox's network: whoever reaches them is inside.
    const [runtimeApi, region] = linux.insideNetworkNamespace(this.#network.fd, () => [
      linux.listenTcp(INSIDE_ADDRESS, RUNTIME_API_PORT),
      linux.listenTcp(INSIDE_ADDRESS, REGION_PORT),
    ]) as [number, number];
    const path = join(this.#directory.own, RUNTIME_API_SOCKET);
    await Promise.all([
      this.#connections.listen({ fd: runtimeApi }, onRuntimeApiConnection),
      this.#connections.listen({ fd: region }, onRegionConnection),
      this.#connections.listen({ path, readableAll: true, writableAll: true }, onRuntimeApiConnection),
    ]);
  }

  /** What comes late to a cell comes here. */
  #becomeOf(spec: SandboxSpec): void {
    this.#late?.bind(spec.directories);
    this.#forgetLate();
    this.#cgroup?.raise(spec);
    if (this.#cgroup) this.#ground.memoryWatcher.watch(this);
    if (spec.ephemeralStorageMb > CELL_SIZE.ephemeralStorageMb) {
      this.#directory.resizeTemporary(spec.ephemeralStorageMb);
    }
  }

  #forgetLate(): void {
    this.#late?.drop();
    this.#late = undefined;
  }

  async #launchWaiting(
    one: ProcessOne,
    render: (command: SandboxCommand) => string,
    isCell: boolean,
  ): Promise<Launched> {
    // Extensions write elsewhere than the runtime does.
    const [command, output] = this.#ground.linux.pipes(isCell ? 1 : 2) as [Pipe, Pipe?];
    try {
      const launched = await this.#launch(one, { command, output });
      this.#waiting = new Waiting(launched, command.writeEnd, render, isCell);
      return launched;
    } catch (error) {
      closeSync(command.writeEnd);
      if (output) closeSync(output.readEnd);
      throw error;
    } finally {
      closeSync(command.readEnd);
      if (output) closeSync(output.writeEnd);
    }
  }

  async #launch(one: ProcessOne, beside?: Beside): Promise<Launched> {
    const { linux, layout, runtime, stateRoot, root, shell, devices, seccomp } = this.#ground;
    const config = ociConfig({
      processOne: one,
      shell,
      root,
      devices,
      seccomp,
      directories: { ...this.#spec.directories, ...this.#late?.directories },
      imageRoot: this.#directory.bindRoot(this.#spec.directories.root),
      areDirectoriesLate: this.#late !== undefined,
      own: this.#directory.own,
      temporary: this.#directory.temporary,
      users: this.#users,
      cgroupPath: `/${this.#cgroupPath}`,
      networkNamespace: `/proc/${process.pid}/fd/${this.#network.fd}`,
      memoryMb: this.#spec.memoryMb,
      ephemeralStorageMb: this.#spec.ephemeralStorageMb,
      hasSwapAccounting: layout.hasSwapAccounting,
    });
    writeFileSync(join(this.#directory.path, "config.json"), JSON.stringify(config));
    await this.#cleaned;
    const [output, status] = linux.pipes(2) as [Pipe, Pipe];
    // Programs that open /dev/stdout by its path need to own the pipe.
    for (const pipe of [output, beside?.output]) if (pipe) giveTo(this.#users, pipe.writeEnd);
    const ends = new ToldEnds(status.readEnd);
    const fds = {
      outputFd: output.writeEnd,
      statusFd: status.writeEnd,
      ...(beside && { commandFd: beside.command.readEnd }),
      ...(beside?.output && { extensionOutputFd: beside.output.writeEnd }),
    };
    let cgroup: Cgroup;
    try {
      await launch(runtime, { id: this.#containerId, bundle: this.#directory.path, stateRoot, ...fds });
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
    const outputs = [new Output(output.readEnd, (chunk) => this.#spec.onOutput(chunk))];
    if (beside?.output) {
      outputs.push(new Output(beside.output.readEnd, (chunk) => this.#spec.onExtensionOutput(chunk)));
    }
    const over = this.#awaitOver(ends, outputs, cgroup);
    this.#cgroup = cgroup;
    this.#cleaned = over.then(() => this.#clean());
    // Whoever comes next awaits it and hears of a failure; until then it must not count as unhandled.
    this.#cleaned.catch(() => {});
    this.#ground.memoryWatcher.watch(this);
    return { ends, over };
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
      this.#waiting?.close();
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
