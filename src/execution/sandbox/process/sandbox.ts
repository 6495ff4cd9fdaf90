/** One execution environment as a process group in its own session. Paths are the host's own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Connections } from "../connections.ts";
import { Output } from "../output.ts";
import type { Sandbox, SandboxCommand, SandboxExit, SandboxPaths, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { recordGroup } from "./leftovers.ts";

/** How long output may still come after the runtime ended, from children that left its process group. */
const DRAIN_MS = 100;

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
  #child: ChildProcess | undefined;
  #exited: Promise<SandboxExit> | undefined;
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
      promisify(execFile)("mkfifo", ["-m", "600", this.#fifo]),
    ]);
    this.#runtimeApiPort = (runtimeApi.address() as AddressInfo).port;
    this.#regionPort = (region.address() as AddressInfo).port;
  }

  async start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }> {
    // A fifo opens for writing only when a reader is there, so the order matters.
    const readEnd = openSync(this.#fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(this.#fifo, constants.O_WRONLY);
    const output = new Output(readEnd, this.#spec.onOutput);
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
        void output.drain(0);
        reject(new SandboxError(`cannot start ${executable}: ${cause.message}`, { cause }));
      });
    });
    this.#child = child;
    this.#peakMemoryMb = 1;
    this.#exited = ended.then(async (exit) => {
      this.#signalGroup(child, "SIGKILL");
      this.#child = undefined;
      await output.drain(DRAIN_MS);
      return exit;
    });
    recordGroup(this.#directory, child.pid as number);
    return { exited: this.#exited };
  }

  terminate(): void {
    if (this.#child) this.#child.kill("SIGTERM");
  }

  async reset(): Promise<void> {
    if (this.#child) {
      this.peakMemoryMb();
      this.#signalGroup(this.#child, "SIGKILL");
    }
    await this.#exited;
    this.#exited = undefined;
    this.#connections.drop();
  }

  freeze(): void {
    if (this.#child) this.#signalGroup(this.#child, "SIGSTOP");
  }

  thaw(): void {
    if (this.#child) this.#signalGroup(this.#child, "SIGCONT");
  }

  /** The runtime process alone, and where there is no /proc always 1: without walls there is nothing that counts. */
  peakMemoryMb(): number {
    const pid = this.#child?.pid;
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

  get #fifo(): string {
    return join(this.#directory, "output");
  }

  #signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    try {
      process.kill(-(child.pid as number), signal);
    } catch {
      // No process of the group is left.
    }
  }
}
