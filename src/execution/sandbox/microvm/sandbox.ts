/** One execution environment as a microVM: its disks, its network, its listeners, and the agent that runs things in it. */
import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { Connections } from "../connections.ts";
import { INSIDE_ADDRESS } from "../oci/namespace-pool.ts";
import type {
  RestoredSandbox,
  Sandbox,
  SandboxCommand,
  SandboxExit,
  SandboxExtensions,
  SandboxPaths,
  SandboxSpec,
} from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { Agent, type Done, RUNTIME } from "./agent.ts";
import type { Disks } from "./disk-images.ts";
import type { Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";
import type { MachinePlace } from "./machine-place.ts";
import { machineSize } from "./machine-size.ts";
import { saveState } from "./machine-state.ts";
import type { Templates } from "./templates.ts";

const RUNTIME_API_PORT = 9001;
const REGION_PORT = 4566;
const MB = 1024 * 1024;
/** What makes the numbers that are drawn in one machine unlike those of others that were the same until then. */
const ENTROPY_BYTES = 64;
/** ms for anything that the agent is asked for */
const PATIENCE_MS = 30_000;
/** ms for writing all memory of the largest function to a slow disk */
const SAVING_MS = 120_000;

/** Where the disks are seen inside. */
const MOUNTS = { task: "/var/task", runtime: "/var/runtime", language: "/var/lang", layers: "/opt" } as const;

export class MicrovmSandbox implements Sandbox {
  readonly id: string;
  readonly paths: SandboxPaths = { ...MOUNTS, temporary: "/tmp" };
  /** The relay's, which passes on what comes to it. */
  readonly runtimeApiAddress = `127.0.0.1:${RUNTIME_API_PORT}`;
  readonly regionEndpoint = `http://${INSIDE_ADDRESS}:${REGION_PORT}`;
  readonly #spec: SandboxSpec;
  readonly #ground: Ground;
  readonly #templates: Templates;
  readonly #place: MachinePlace;
  readonly #connections = new Connections();
  readonly #onDestroyed: () => void;
  #disks: Disks | undefined;
  /** How many run, or have run, beside the runtime. */
  #extensions = 0;
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
    const disks = this.#ground.images.disksOf(this.#ground, directories);
    await this.#goOn(disks, this.#templates.open(this.#spec));
    this.#running.order("furnish", {
      mounts: Object.fromEntries(Object.entries(MOUNTS).filter(([name]) => Object.hasOwn(directories, name))),
      memoryMb,
      ephemeralStorageMb,
      ...this.#news(),
    });
    await this.#done("ready");
  }

  /** Let what is in a snapshot go on here, in place of prepare(). */
  async resume(
    disks: Promise<Disks>,
    stateFd: number,
    extensions: number,
  ): Promise<Pick<RestoredSandbox, "exited" | "extensionsExited">> {
    this.#extensions = extensions;
    await this.#goOn(disks, Promise.resolve(stateFd));
    const exited = this.#running.endOf(RUNTIME);
    const extensionsExited = Array.from({ length: extensions }, (_, index) => this.#running.endOf(String(index)));
    this.#running.order("resume", this.#news());
    await this.#done("ready");
    return { exited, extensionsExited };
  }

  /** Write the machine to a file. It has stopped then. */
  async save(file: string): Promise<void> {
    if (!this.#machine) throw new SandboxError("the machine was not started");
    // One that is paused hears nothing.
    this.#machine.resume();
    const saving = saveState(this.#place, this.#machine, file, machineSize(this.#spec).hostMemoryMb);
    await this.#machine.within(saving, SAVING_MS, "saved");
    this.#machine.kill();
    this.#connections.drop();
  }

  get extensions(): number {
    return this.#extensions;
  }

  get disks(): Disks {
    if (!this.#disks) throw new SandboxError("the machine has no disks");
    return this.#disks;
  }

  async startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    const { executables, environment, workingDirectory: directory } = extensions;
    this.#extensions = executables.length;
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
    this.#extensions = 0;
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
    return this.#connections.hold(new Socket({ fd, readable: true, writable: true }));
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

  /** Start the machine where another one was. */
  async #goOn(taking: Promise<Disks>, opening: Promise<number>): Promise<void> {
    const listening = this.#place.prepare().then(() => this.#listen());
    // All to the end: what was taken must be known to be given back.
    const [taken, opened, listened] = await Promise.allSettled([taking, opening, listening]);
    if (taken.status === "fulfilled") this.#disks = taken.value;
    if (opened.status === "rejected") throw opened.reason;
    const state = opened.value;
    try {
      if (taken.status === "rejected") throw taken.reason;
      if (listened.status === "rejected") throw listened.reason;
      this.#machine = this.#place.start(this.#spec, taken.value.byName, state);
      this.#agent = new Agent(this.#machine.line, this.#spec);
    } finally {
      closeSync(state);
    }
    this.#running.order("wake");
    await this.#done("awake");
  }

  /** What is another in each machine, and at each time. */
  #news(): object {
    const entropy = randomBytes(ENTROPY_BYTES).toString("hex");
    return { nameServers: this.#ground.nameServers, entropy, nowMs: Date.now() };
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
