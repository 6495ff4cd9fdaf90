/** Sandboxes for tests: made from a driver, with what they wrote and who connected at hand. */
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Sandbox, SandboxDriver, SandboxExit, SandboxSpec } from "../../src/execution/sandbox/sandbox.ts";

export interface SandboxOptions {
  readonly memoryMb?: number;
  readonly ephemeralStorageMb?: number;
  /** Files of the deployment package, by path. */
  readonly code?: Readonly<Record<string, string>>;
}

let count = 0;

/** Waits for things that happen: each `next()` takes one, in order. */
export class Arrivals<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  add(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(item);
  }
}

type Make = (spec: SandboxSpec) => Promise<Sandbox>;

/** The runtime of a cell, for whatever is to be started: it tells that it waits, and becomes what it is told. */
const WAITING_RUNTIME = `
import json, os, socket
socket.socket(socket.AF_UNIX).connect(os.environ["SOCKET"])
with open(int(os.environ["ALONZO_CELL"]), "rb") as pipe:
    command = json.loads(pipe.read())
os.chdir(command["workingDirectory"])
try:
    os.execve(command["argv"][0], command["argv"], command["environment"])
except OSError:
    os._exit(127)
`;

/** Makes sandboxes of cells: what a sandbox promises, one that was a cell promises, too. */
export function fromCells(driver: SandboxDriver): Make {
  return async (spec) => {
    const { language } = spec.directories;
    const cell = await driver.createCell?.({
      id: spec.id,
      directories: { ...(language !== undefined && { language }) },
      onOutput: spec.onOutput,
    });
    if (!cell) throw new Error(`${driver.name} makes no cells`);
    await cell.boot({
      argv: ["/usr/bin/python3", "-S", "-c", WAITING_RUNTIME],
      environment: { SOCKET: cell.runtimeApiSocketPath ?? "" },
      workingDirectory: cell.paths.task,
    });
    let isWaiting = true;
    const sandbox = cell.adopt({
      ...spec,
      onRuntimeApiConnection: (socket) => {
        if (!isWaiting) spec.onRuntimeApiConnection(socket);
      },
    });
    isWaiting = false;
    return sandbox;
  };
}

export class TestSandbox {
  readonly sandbox: Sandbox;
  readonly runtimeApi: Arrivals<Socket>;
  readonly region: Arrivals<Socket>;
  readonly taskDirectory: string;
  readonly #written: () => { readonly written: string; readonly extensionsWritten: string };
  readonly #lines: Arrivals<string>;

  private constructor(
    sandbox: Sandbox,
    runtimeApi: Arrivals<Socket>,
    region: Arrivals<Socket>,
    lines: Arrivals<string>,
    written: () => { readonly written: string; readonly extensionsWritten: string },
    taskDirectory: string,
  ) {
    this.sandbox = sandbox;
    this.runtimeApi = runtimeApi;
    this.region = region;
    this.taskDirectory = taskDirectory;
    this.#lines = lines;
    this.#written = written;
  }

  static async create(make: Make, options: SandboxOptions = {}): Promise<TestSandbox> {
    const task = mkdtempSync(join(tmpdir(), "sandbox-task-"));
    for (const [path, text] of Object.entries(options.code ?? {})) {
      mkdirSync(dirname(join(task, path)), { recursive: true });
      writeFileSync(join(task, path), text, { mode: 0o755 });
    }
    // As the store of code makes it: readable by any user id that a sandbox may have.
    chmodSync(task, 0o755);
    const runtimeApi = new Arrivals<Socket>();
    const region = new Arrivals<Socket>();
    const lines = new Arrivals<string>();
    let written = "";
    let rest = "";
    let extensionsWritten = "";
    const onOutput = (chunk: Buffer): void => {
      written += chunk;
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) lines.add(line);
    };
    const sandbox = await make({
      id: `test-${process.pid}-${count++}`,
      directories: { task, language: dirname(dirname(process.execPath)) },
      memoryMb: options.memoryMb ?? 256,
      ephemeralStorageMb: options.ephemeralStorageMb ?? 512,
      onRuntimeApiConnection: (socket) => runtimeApi.add(socket),
      onRegionConnection: (socket) => region.add(socket),
      onOutput,
      onExtensionOutput: (chunk) => {
        extensionsWritten += chunk;
        onOutput(chunk);
      },
    });
    return new TestSandbox(sandbox, runtimeApi, region, lines, () => ({ written, extensionsWritten }), task);
  }

  /** Everything written so far. */
  get output(): string {
    return this.#written().written;
  }

  /** What extensions wrote of it. */
  get extensionOutput(): string {
    return this.#written().extensionsWritten;
  }

  /** The next whole line that is written. */
  line(): Promise<string> {
    return this.#lines.next();
  }

  start(argv: readonly string[], environment: Record<string, string> = {}): Promise<{ exited: Promise<SandboxExit> }> {
    const PATH = "/usr/bin:/bin";
    const workingDirectory = this.sandbox.paths.task;
    return this.sandbox.start({ argv, environment: { PATH, ...environment }, workingDirectory });
  }

  /** Start files of the code beside the runtime that is to come. */
  startExtensions(names: readonly string[], environment: Record<string, string> = {}) {
    const { task } = this.sandbox.paths;
    return this.sandbox.startExtensions({
      executables: names.map((name) => `${task}/${name}`),
      environment: { PATH: "/usr/bin:/bin", ...environment },
      workingDirectory: task,
    });
  }

  startShell(script: string): Promise<{ exited: Promise<SandboxExit> }> {
    return this.start(["/bin/sh", "-c", script]);
  }

  startNode(script: string): Promise<{ exited: Promise<SandboxExit> }> {
    return this.start([join(this.sandbox.paths.language, "bin/node"), "-e", script]);
  }

  /** Run a shell script to its end. */
  async shell(script: string): Promise<SandboxExit> {
    return (await this.startShell(script)).exited;
  }

  async node(script: string): Promise<SandboxExit> {
    return (await this.startNode(script)).exited;
  }

  async destroy(): Promise<void> {
    await this.sandbox.destroy();
    rmSync(this.taskDirectory, { recursive: true, force: true });
  }
}

/** A program for startNode: connects to the Runtime API and answers each line that comes with the same line. */
export function echoProgram(sandbox: Sandbox): string {
  const [host, port] = sandbox.runtimeApiAddress.split(":");
  return `require("net").connect(${port}, "${host}", function () { this.pipe(this) })`;
}

/** Send a line and wait until it comes back. */
export async function ping(socket: Socket, text: string): Promise<string> {
  socket.write(`${text}\n`);
  const [chunk] = await once(socket, "data");
  return String(chunk).trim();
}
