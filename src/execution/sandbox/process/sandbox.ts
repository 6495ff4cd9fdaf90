/** One execution environment as a process group in its own session. Paths are the host's own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Connections } from "../connections.ts";
import { Output } from "../output.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxExtensions, SandboxPaths, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { recordGroup } from "./leftovers.ts";

/** How long output may still come after the runtime ended, from children that left its process group. */
const DRAIN_MS = 100;

/** What the runtime and its children write, and what extensions write. */
type Fifo = "output" | "extension-output";

export class ProcessSandbox implements Sandbox {
  readonly id: string;
  readonly paths: SandboxPaths;
  readonly runtimeApiSocketPath: string;
  readonly #spec: SandboxSpec;
  readonly #directory: string;
  readonly #onDestroyed: () => void;
  readonly #connections = new Connections();
  #runtimeApiPort = 0;
  #regionPort = 0;
  #runtime: ChildProcess | undefined;
  /** The leaders of all process groups that run, with their ends. */
  readonly #children = new Map<ChildProcess, Promise<SandboxExit>>();
  /** Of all that run together, by the fifo that it reads. */
  readonly #outputs = new Map<Fifo, Output>();
  #peakMemoryMb = 1;

  constructor(spec: SandboxSpec, directory: string, onDestroyed: () => void) {
    this.id = spec.id;
    this.#spec = spec;
    this.#directory = directory;
    this.#onDestroyed = onDestroyed;
    this.runtimeApiSocketPath = join(directory, "runtime-api.sock");
    const empty = join(directory, "empty");
    this.paths = {
      task: spec.directories.task,
      runtime: spec.directories.runtime ?? empty,
      language: spec.directories.language ?? empty,
      layers: spec.directories.layers ?? empty,
      temporary: join(directory, "tmp"),
    };
  }

  get runtimeApiAddress(): string {
    return `127.0.0.1:${this.#runtimeApiPort}`;
  }

  get regionEndpoint(): string {
    return `http://127.0.0.1:${this.#regionPort}`;
  }

  /** Make the private directory and the listeners. */
  async prepare(): Promise<void> {
    mkdirSync(this.paths.temporary, { recursive: true, mode: 0o700 });
    mkdirSync(join(this.#directory, "empty"));
    const { onRuntimeApiConnection, onRegionConnection } = this.#spec;
    const loopback = { port: 0, host: "127.0.0.1" };
    const [, runtimeApi, region] = await Promise.all([
      this.#connections.listen({ path: this.runtimeApiSocketPath }, onRuntimeApiConnection),
      this.#connections.listen(loopback, onRuntimeApiConnection),
      this.#connections.listen(loopback, onRegionConnection),
      promisify(execFile)("mkfifo", ["-m", "600", this.#fifo("output"), this.#fifo("extension-output")]),
    ]);
    this.#runtimeApiPort = (runtimeApi.address() as AddressInfo).port;
    this.#regionPort = (region.address() as AddressInfo).port;
  }

  async startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]> {
    const { executables, ...rest } = extensions;
    const exits: Promise<SandboxExit>[] = [];
    // Through a shell: what cannot be started ends with the status that a shell gives it, in every driver.
    for (const executable of executables) {
      const argv = ["/bin/sh", "-c", 'exec "$0"', executable];
      exits.push((await this.#spawn({ ...rest, argv }, "extension-output")).exited);
    }
    return exits;
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    const { child, exited } = await this.#spawn(command, "output");
    this.#runtime = child;
    this.#peakMemoryMb = 1;
    return { exited };
  }

  terminate(): void {
    this.#runtime?.kill("SIGTERM");
  }

  killRuntime(): void {
    if (this.#runtime) this.#signalGroup(this.#runtime, "SIGKILL");
  }

  async reset(): Promise<void> {
    this.peakMemoryMb();
    const ends = [...this.#children].map(([child, exited]) => {
      this.#signalGroup(child, "SIGKILL");
      return exited;
    });
    await Promise.all(ends);
    this.#connections.drop();
  }

  freeze(): void {
    for (const child of this.#children.keys()) this.#signalGroup(child, "SIGSTOP");
  }

  thaw(): void {
    for (const child of this.#children.keys()) this.#signalGroup(child, "SIGCONT");
  }

  connect(port: number): Socket {
    return connect(port, "127.0.0.1");
  }

  /** The runtime process alone, and where there is no /proc always 1: without walls there is nothing that counts. */
  peakMemoryMb(): number {
    const pid = this.#runtime?.pid;
    if (pid === undefined) return this.#peakMemoryMb;
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
      if (kilobytes !== undefined) this.#peakMemoryMb = Math.max(1, Math.ceil(Number(kilobytes) / 1024));
    } catch {
      // It has just ended, or there is no /proc: what was seen last stands.
    }
    return this.#peakMemoryMb;
  }

  async destroy(): Promise<void> {
    await this.reset();
    this.#connections.close();
    rmSync(this.#directory, { recursive: true, force: true });
    this.#onDestroyed();
  }

  #fifo(name: Fifo): string {
    return join(this.#directory, name);
  }

  async #spawn(command: SandboxCommand, fifo: Fifo): Promise<{ child: ChildProcess; exited: Promise<SandboxExit> }> {
    const path = this.#fifo(fifo);
    const { onOutput, onExtensionOutput } = this.#spec;
    // A fifo opens for writing only when a reader is there, so the order matters.
    const readEnd = this.#outputs.has(fifo) ? undefined : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    if (readEnd !== undefined) {
      this.#outputs.set(fifo, new Output(readEnd, fifo === "output" ? onOutput : onExtensionOutput));
    }
    const [executable = "", ...rest] = command.argv;
    const child = spawn(executable, rest, {
      cwd: command.workingDirectory,
      env: { ...command.environment },
      stdio: ["ignore", writeEnd, writeEnd],
      detached: true,
    });
    closeSync(writeEnd);
    const ended = new Promise<SandboxExit>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal, outOfMemory: false }));
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (cause) => {
        void this.#drain(0);
        reject(new SandboxError(`cannot start ${executable}: ${cause.message}`, { cause }));
      });
    });
    const exited = ended.then(async (exit) => {
      this.#signalGroup(child, "SIGKILL");
      this.#children.delete(child);
      if (this.#runtime === child) this.#runtime = undefined;
      await this.#drain(DRAIN_MS);
      return exit;
    });
    this.#children.set(child, exited);
    recordGroup(this.#directory, child.pid as number, this.#children.size === 1);
    return { child, exited };
  }

  /** Read to the end when nobody writes any more. */
  async #drain(patienceMs: number): Promise<void> {
    if (this.#children.size > 0) return;
    const outputs = [...this.#outputs.values()];
    this.#outputs.clear();
    await Promise.all(outputs.map((output) => output.drain(patienceMs)));
  }

  #signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    try {
      process.kill(-(child.pid as number), signal);
    } catch {
      // No process of the group is left.
    }
  }
}
