/**
 * The contract of an isolation driver: a sandbox is the walled place in which the processes of one execution
 * environment live. Drivers know runc, cgroups and processes; nothing above them does. A driver stays dumb: order of
 * calls, double calls and calls after death are the business of guarded.ts.
 */
import type { Socket } from "node:net";

export type IsolationName = "container" | "gvisor" | "microvm" | "process";

/** Can this driver be used on this machine, and if not: why, and what would mend it. */
export type Probe =
  | { readonly usable: true; readonly detail: string }
  | { readonly usable: false; readonly reason: string; readonly hint: string };

export interface Capabilities {
  readonly freeze: boolean;
  readonly memoryLimit: boolean;
  readonly networkIsolation: boolean;
  readonly readOnlyRoot: boolean;
  readonly separateUser: boolean;
}

/** Directories of the host that the function may read. All are mounted read-only, nosuid, nodev. */
export interface SandboxDirectories {
  /**
   * Root file system of a container image, in which all the others are, prepared as the driver asks for it. Without one
   * the driver's own.
   */
  readonly root?: string;
  /** Unpacked deployment package: /var/task */
  readonly task: string;
  /** Our bootstrap of a managed runtime: /var/runtime */
  readonly runtime?: string;
  /** The language itself, where it is not in the host's /usr: /var/lang */
  readonly language?: string;
  /** Merged layers: /opt */
  readonly layers?: string;
}

export interface SandboxSpec {
  /** Unique within the region's life, [a-z0-9-]. */
  readonly id: string;
  readonly directories: SandboxDirectories;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  /** A process inside connected to the Runtime API. The kernel, not the peer, vouches that it is this sandbox. */
  readonly onRuntimeApiConnection: (socket: Socket) => void;
  /** A process inside connected to the region's own endpoint. */
  readonly onRegionConnection: (socket: Socket) => void;
  /** Whatever the runtime's processes wrote to stdout and stderr, in order, as it is read. */
  readonly onOutput: (chunk: Buffer) => void;
  /** The same of the extensions, all together. */
  readonly onExtensionOutput: (chunk: Buffer) => void;
}

export interface SandboxCommand {
  /** First element is the executable, as seen inside. Paths may use the sandbox's `paths`. */
  readonly argv: readonly string[];
  /** The whole environment: nothing of the host's is added. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

/** Programs that run beside the runtime. */
export interface SandboxExtensions {
  /** Files, as seen inside. Each is started without arguments. */
  readonly executables: readonly string[];
  /** The whole environment of each. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

export interface SandboxExit {
  /** Exit status of the process, or null when a signal ended it. */
  readonly code: number | null;
  /** Name of the signal, e.g. SIGKILL. */
  readonly signal: string | null;
  readonly outOfMemory: boolean;
}

/** Where things are, as seen from inside. */
export interface SandboxPaths {
  readonly task: string;
  readonly runtime: string;
  readonly language: string;
  readonly layers: string;
  readonly temporary: string;
}

/** What is settled about a sandbox before anything is known of the function that will be in it. */
export interface SandboxPlace {
  readonly id: string;
  readonly paths: SandboxPaths;
  /** host:port for AWS_LAMBDA_RUNTIME_API. */
  readonly runtimeApiAddress: string;
  /** Unix socket that speaks the same Runtime API faster; our own bootstraps use it when the driver has one. */
  readonly runtimeApiSocketPath?: string;
  /** http://host:port of the region as seen from inside, for AWS_ENDPOINT_URL. */
  readonly regionEndpoint: string;
}

export interface Sandbox extends SandboxPlace {
  /**
   * Start programs beside the runtime, which start() then starts. The runtime's end leaves them running: reset() ends all.
   * Resolves when they were launched, with promises of their ends in the order given.
   */
  startExtensions(extensions: SandboxExtensions): Promise<readonly Promise<SandboxExit>[]>;
  /** Start the runtime process. Resolves when it was launched, with a promise of its end. One process tree at a time. */
  start(command: SandboxCommand): Promise<{ readonly exited: Promise<SandboxExit> }>;
  /** Send SIGTERM to the runtime process; no-op when nothing runs. */
  terminate(): void;
  /** Kill the runtime process, and nothing else where extensions run; no-op when nothing runs. */
  killRuntime(): void;
  /** Kill every process inside. /tmp, network and id stay: start() may be called again. */
  reset(): Promise<void>;
  /** Stop all processes from running until thaw(). Synchronous: on the hot path. */
  freeze(): void;
  thaw(): void;
  /** A connection to a port of 127.0.0.1 inside, where a process listens or does not: the socket tells. Throws nothing. */
  connect(port: number): Socket;
  /** Highest memory use since the last start(), in MB, /tmp not counted. */
  peakMemoryMb(): number;
  /** Kill everything and give back every resource. Never rejects; safe in any state. */
  destroy(): Promise<void>;
}

export interface CellSpec {
  /** As of a sandbox, which it will become. */
  readonly id: string;
  /** Of every function alike: the language and our bootstrap. */
  readonly directories: Pick<SandboxDirectories, "runtime" | "language">;
  /** What it wrote while it was nobody's: for the operator. */
  readonly onOutput: (chunk: Buffer) => void;
}

/** Name of the variable by which a cell's runtime is told from which descriptor to read its SandboxCommand, as JSON. */
export const CELL_VARIABLE = "ALONZO_CELL";

/**
 * A sandbox started ahead: its runtime process has started and waits to be told for which function. Nothing of any function is
 * in it, and it becomes the sandbox of one, once.
 */
export interface Cell extends SandboxPlace {
  /**
   * Start the runtime process, with CELL_VARIABLE added to what is given. Resolves when it has connected to the Runtime API,
   * by which it tells that it waits.
   * @throws SandboxError when it ends before
   */
  boot(command: SandboxCommand): Promise<void>;
  /** Resolves when its runtime process is gone. */
  readonly ended: Promise<void>;
  /**
   * Make it a function's sandbox. The first start() goes on in the runtime process that waits: directories, limits and
   * the command's variables reach it then. Whatever starts after a reset() starts as in any other sandbox.
   */
  adopt(spec: Omit<SandboxSpec, "id">): Sandbox;
  destroy(): Promise<void>;
}

/** What goes on where it was. */
export interface RestoredSandbox {
  readonly sandbox: Sandbox;
  /** Resolves when the runtime process ends. */
  readonly exited: Promise<SandboxExit>;
  /** The same of each extension, in the order in which they were started. */
  readonly extensionsExited: readonly Promise<SandboxExit>[];
}

/**
 * Sandboxes that go on where another one was. Whoever waits for an answer of the Runtime API while the snapshot is taken asks
 * again, over a new connection, wherever it is restored: a snapshot holds no connection to the region.
 */
export interface SandboxSnapshots {
  /**
   * Changes with whatever makes a snapshot of before useless: the driver's tool and its version, the host's kernel or processor.
   */
  readonly machine: string;
  /**
   * Stop the processes of a sandbox and write them, with /tmp, to an empty directory, where nothing is synced. The sandbox is over,
   * whether it worked or not: what is left to do with it is destroy(). The ends of its processes may be told, or never.
   */
  take(sandbox: Sandbox, directory: string): Promise<void>;
  /**
   * Make a sandbox in which the processes of a snapshot go on, with /tmp as it was, each with its own copy of it. Many may be made of one
   * snapshot, also at once. The spec is as that of the sandbox that was taken, but for its id: variables and paths that the processes
   * have read stay true. Resolves when they run; the directory may be deleted once it did.
   * @throws SandboxError when the snapshot cannot be read; nothing is left of the sandbox then
   */
  restore(directory: string, spec: SandboxSpec): Promise<RestoredSandbox>;
}

/** What a root file system of a container image needs so that sandboxes can have it. */
export interface ImageRoot {
  /** Directories that must be there. */
  readonly mountPoints: readonly string[];
  /** Files that must be there: others are mounted over them. */
  readonly files: readonly string[];
}

export interface SandboxDriver {
  readonly name: IsolationName;
  readonly capabilities: Capabilities;
  /** A line for the operator: what holds the functions, e.g. `runc 1.1.5, cgroup hybrid, outbound network by nftables`. */
  readonly description: string;
  /** Absent: it runs no container images. */
  readonly imageRoot?: ImageRoot;
  create(spec: SandboxSpec): Promise<Sandbox>;
  /** Make a sandbox ahead. Absent where directories and limits cannot come late. */
  createCell?(spec: CellSpec): Promise<Cell>;
  /** Absent: what it holds can be started, but not restored. */
  readonly snapshots?: SandboxSnapshots;
  /** Destroy what is left and give back what was made ahead. */
  close(): Promise<void>;
}
