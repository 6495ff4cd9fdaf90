/** One execution environment as a microVM: its disks, its network, its listeners, and the agent that runs things in it. */
import { Socket } from "node:net";
import { join } from "node:path";
import { Connections } from "../connections.ts";
import { killCgroup, removeCgroup } from "../oci/cgroup.ts";
import { INSIDE_ADDRESS, type NetworkNamespace } from "../oci/namespace-pool.ts";
import { regionCgroup } from "../oci/sweep.ts";
import { userIdOf } from "../oci/user-ids.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxExtensions, SandboxPaths, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { Agent, type Done, RUNTIME } from "./agent.ts";
import type { DiskImage } from "./disk-images.ts";
import type { Ground } from "./ground.ts";
import { layCable } from "./guest-network.ts";
import { Machine } from "./machine.ts";
import { enterGroup } from "./machine-group.ts";
import { machineSize } from "./machine-size.ts";

const RUNTIME_API_PORT = 9001;
const REGION_PORT = 4566;
const MB = 1024 * 1024;
/** ms for anything else that the agent is asked for */
const PATIENCE_MS = 30_000;

/** Where the disks are seen inside. */
const MOUNTS = { task: "/var/task", runtime: "/var/runtime", language: "/var/lang", layers: "/opt" } as const;

export class MicrovmSandbox implements Sandbox {
  readonly id: string;
  readonly paths: SandboxPaths = { ...MOUNTS, temporary: "/tmp" };
  readonly runtimeApiAddress = `${INSIDE_ADDRESS}:${RUNTIME_API_PORT}`;
  readonly regionEndpoint = `http://${INSIDE_ADDRESS}:${REGION_PORT}`;
  readonly #spec: SandboxSpec;
  readonly #ground: Ground;
  readonly #network: NetworkNamespace;
  readonly #cgroupPath: string;
  readonly #userId: number;
  readonly #connections = new Connections();
  readonly #onDestroyed: () => void;
  readonly #disks = new Map<string, DiskImage>();
  #machine: Machine | undefined;
  #agent: Agent | undefined;

  constructor(spec: SandboxSpec, ground: Ground, network: NetworkNamespace, onDestroyed: () => void) {
    const { number } = ground.runDirectory;
    this.id = spec.id;
    this.#spec = spec;
    this.#ground = ground;
    this.#network = network;
    this.#onDestroyed = onDestroyed;
    this.#cgroupPath = join(regionCgroup(number), String(network.slot));
    this.#userId = userIdOf(number, network.slot);
  }

  /** Boot, and make it this function's: processes are all that is missing when this resolves. */
  async prepare(): Promise<void> {
    const { linux, hasOutside } = this.#ground;
    await Promise.all([
      this.#takeDisks(),
      layCable(linux, this.#network, this.#userId, hasOutside).then(() => this.#listen()),
    ]);
    const agent = this.#boot();
    await this.#done("booted", this.#ground.bootMs);
    agent.order("furnish", {
      mounts: Object.fromEntries(Object.entries(MOUNTS).filter(([name]) => this.#disks.has(name))),
      memoryMb: this.#spec.memoryMb,
      ephemeralStorageMb: this.#spec.ephemeralStorageMb,
      nameServers: this.#ground.nameServers,
      nowMs: Date.now(),
    });
    await this.#done("ready");
  }

  async startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    const { executables, environment, workingDirectory: directory } = extensions;
    const exits = executables.map((_, index) => this.#running.endOf(String(index)));
    this.#running.order("extensions", { executables, environment, directory });
    await this.#done("started");
    return exits;
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    const { argv, environment, workingDirectory: directory } = command;
    const exited = this.#running.endOf(RUNTIME);
    this.#running.order("start", { argv, environment, directory });
    await this.#done("started");
    return { exited };
  }

  terminate(): void {
    this.#agent?.order("signal", { name: "SIGTERM" });
  }

  killRuntime(): void {
    this.#agent?.order("signal", { name: "SIGKILL" });
  }

  async reset(): Promise<void> {
    this.#machine?.resume();
    this.#running.order("reset");
    await this.#done("reset");
    this.#connections.drop();
  }

  freeze(): void {
    this.#machine?.pause();
  }

  thaw(): void {
    this.#machine?.resume();
  }

  /** Made inside the sandbox's network, in which 127.0.0.1 is the guest's. */
  connect(port: number): Socket {
    const { linux } = this.#ground;
    const fd = linux.insideNetworkNamespace(this.#network.fd, () => linux.connectTcp("127.0.0.1", port));
    return new Socket({ fd, readable: true, writable: true });
  }

  /** As the agent told last. */
  peakMemoryMb(): number {
    const peakMb = Math.ceil((this.#agent?.peakBytes ?? 0) / MB);
    return Math.min(this.#spec.memoryMb, Math.max(1, peakMb));
  }

  async destroy(): Promise<void> {
    this.#machine?.kill();
    await this.#machine?.gone;
    this.#connections.close();
    for (const disk of this.#disks.values()) disk.release();
    this.#disks.clear();
    killCgroup(this.#ground.layout, this.#cgroupPath);
    await removeCgroup(this.#ground.layout, this.#cgroupPath);
    this.#onDestroyed();
  }

  get #running(): Agent {
    if (!this.#agent) throw new SandboxError("the machine was not booted");
    return this.#agent;
  }

  async #takeDisks(): Promise<void> {
    const { images, root, rootIdentity } = this.#ground;
    const { task, runtime, language, layers } = this.#spec.directories;
    const taken: [string, Promise<DiskImage>][] = [
      ["base", images.base(root, rootIdentity)],
      ["task", images.own(task)],
    ];
    if (runtime !== undefined) taken.push(["runtime", images.shared(runtime)]);
    if (language !== undefined) taken.push(["language", images.shared(language)]);
    if (layers !== undefined) taken.push(["layers", images.own(layers)]);
    // One by one to the end, so that what was taken is given back whatever becomes of the rest.
    const settled = await Promise.allSettled(
      taken.map(async ([name, image]) => {
        this.#disks.set(name, await image);
      }),
    );
    for (const result of settled) if (result.status === "rejected") throw result.reason;
  }

  async #listen(): Promise<void> {
    const { linux } = this.#ground;
    // The sockets are made inside the sandbox's network: whoever reaches them is inside.
    const [runtimeApi, region] = linux.insideNetworkNamespace(this.#network.fd, () => [
      linux.listenTcp(INSIDE_ADDRESS, RUNTIME_API_PORT),
      linux.listenTcp(INSIDE_ADDRESS, REGION_PORT),
    ]) as [number, number];
    await Promise.all([
      this.#connections.listen({ fd: runtimeApi }, this.#spec.onRuntimeApiConnection),
      this.#connections.listen({ fd: region }, this.#spec.onRegionConnection),
    ]);
  }

  #boot(): Agent {
    const { linux, layout, jail, accelerator } = this.#ground;
    const size = machineSize(this.#spec);
    const disks = Object.fromEntries(this.#disks);
    const machine = linux.insideNetworkNamespace(this.#network.fd, () =>
      Machine.start({ jail, userId: this.#userId, accelerator, size, disks, regionAddress: INSIDE_ADDRESS }),
    );
    this.#machine = machine;
    if (machine.pid !== undefined) {
      enterGroup(layout, this.#cgroupPath, machine.pid, this.#spec.memoryMb, size.hostMemoryMb);
    }
    const { onOutput, onExtensionOutput } = this.#spec;
    this.#agent = new Agent(machine.line, { onOutput, onExtensionOutput });
    return this.#agent;
  }

  /** @throws SandboxError when the machine is gone, or does not do it in time */
  async #done(what: Done, patienceMs = PATIENCE_MS): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new SandboxError(`it is not ${what} after ${patienceMs} ms`)), patienceMs);
    });
    try {
      await Promise.race([this.#running.done(what), late]);
    } catch (error) {
      const said = this.#machine?.said;
      throw said ? new SandboxError(`${(error as Error).message}: ${said}`, { cause: error }) : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
