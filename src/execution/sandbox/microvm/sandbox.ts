/** One execution environment as a microVM: its disks, its network, its listeners, and the agent that runs things in it. */
import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { Connections } from "../connections.ts";
import { INSIDE_ADDRESS } from "../oci/namespace-pool.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxExtensions, SandboxPaths, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { Agent, type Done, RUNTIME } from "./agent.ts";
import type { Disks } from "./disk-images.ts";
import type { Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";
import type { MachinePlace } from "./machine-place.ts";
import type { Templates } from "./templates.ts";

const RUNTIME_API_PORT = 9001;
const REGION_PORT = 4566;
const MB = 1024 * 1024;
/** What makes the numbers that are drawn in one machine unlike those of others that were the same until then. */
const ENTROPY_BYTES = 64;
/** ms for anything that the agent is asked for */
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
  readonly #templates: Templates;
  readonly #place: MachinePlace;
  readonly #connections = new Connections();
  readonly #onDestroyed: () => void;
  #disks: Disks | undefined;
  #machine: Machine | undefined;
  #agent: Agent | undefined;

  constructor(spec: SandboxSpec, ground: Ground, templates: Templates, place: MachinePlace, onDestroyed: () => void) {
    this.id = spec.id;
    this.#spec = spec;
    this.#ground = ground;
    this.#templates = templates;
    this.#place = place;
    this.#onDestroyed = onDestroyed;
  }

  /** Make it this function's: processes are all that is missing when this resolves. */
  async prepare(): Promise<void> {
    const { memoryMb, ephemeralStorageMb, directories } = this.#spec;
    const [disks, stateFd] = await Promise.all([
      this.#ground.images.disksOf(this.#ground, directories).then((taken) => {
        this.#disks = taken;
        return taken;
      }),
      this.#templates.open(this.#spec),
      this.#place.prepare().then(() => this.#listen()),
    ]);
    try {
      const machine = this.#place.start(this.#spec, disks.byName, stateFd);
      this.#machine = machine;
      this.#agent = new Agent(machine.line, this.#spec);
    } finally {
      closeSync(stateFd);
    }
    this.#running.order("furnish", {
      mounts: Object.fromEntries(Object.entries(MOUNTS).filter(([name]) => isGiven(directories, name))),
      memoryMb,
      ephemeralStorageMb,
      nameServers: this.#ground.nameServers,
      entropy: randomBytes(ENTROPY_BYTES).toString("hex"),
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
    const fd = this.#place.inside(() => linux.connectTcp("127.0.0.1", port));
    return new Socket({ fd, readable: true, writable: true });
  }

  /** As the agent told last. */
  peakMemoryMb(): number {
    const peakMb = Math.ceil((this.#agent?.peakBytes ?? 0) / MB);
    return Math.min(this.#spec.memoryMb, Math.max(1, peakMb));
  }

  async destroy(): Promise<void> {
    await this.#place.leave();
    this.#connections.close();
    this.#disks?.release();
    this.#onDestroyed();
  }

  get #running(): Agent {
    if (!this.#agent) throw new SandboxError("the machine was not booted");
    return this.#agent;
  }

  async #listen(): Promise<void> {
    const { linux } = this.#ground;
    // The sockets are made inside the sandbox's network: whoever reaches them is inside.
    const [runtimeApi, region] = this.#place.inside(() => [
      linux.listenTcp(INSIDE_ADDRESS, RUNTIME_API_PORT),
      linux.listenTcp(INSIDE_ADDRESS, REGION_PORT),
    ]) as [number, number];
    await Promise.all([
      this.#connections.listen({ fd: runtimeApi }, this.#spec.onRuntimeApiConnection),
      this.#connections.listen({ fd: region }, this.#spec.onRegionConnection),
    ]);
  }

  /** @throws SandboxError when the machine is gone, or does not do it in time */
  async #done(what: Done): Promise<void> {
    await this.#machine?.within(this.#running.done(what), PATIENCE_MS, what);
  }
}

function isGiven(directories: SandboxSpec["directories"], name: string): boolean {
  return Object.hasOwn(directories, name);
}
