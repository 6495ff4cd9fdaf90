/**
 * The processes of one environment: starts the extensions and the runtime, waits until all ask for work or one fails to,
 * and tells when one ends. When to start, and what follows from an end, is the environment's to say.
 */
import type { Extensions, ShutdownReason } from "./extensions.ts";
import {
  exitFailure,
  extensionFailure,
  type Failure,
  missingBootstrapFailure,
  reportedFailure,
  sandboxFailure,
} from "./failure.ts";
import type { InvocationSlot } from "./invocation-slot.ts";
import type { RestoredSandbox, Sandbox, SandboxCommand, SandboxExit } from "./sandbox/sandbox.ts";
import { shutDown } from "./shutdown.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** The programs of /opt/extensions, and with what to start them. */
export interface ExtensionsLaunch {
  /** In the order in which they start. */
  readonly programs: readonly { readonly name: string; readonly path: string }[];
  readonly environment: Readonly<Record<string, string>>;
  /** One of them can be seen not to start. */
  readonly problem?: { readonly name: string; readonly errorType: string; readonly failure: Failure };
}

/** How to start the runtime, settled when the environment was built. Undefined command: there is no bootstrap. */
export interface Launch {
  readonly command: SandboxCommand | undefined;
  readonly runtimeVersion: string;
  readonly runtimeVersionArn: string;
  /** It can be seen not to start. */
  readonly problem?: Failure;
  /** Absent: there are none. */
  readonly extensions?: ExtensionsLaunch;
}

/** Those of a sandbox in which a snapshot goes on. */
export type RestoredProcesses = Omit<RestoredSandbox, "sandbox">;

export interface RuntimeListener {
  /** A runtime that had asked for work ended, or an extension beside it. */
  onExit(failure: Failure): void;
  /** The sandbox failed us. */
  onFault(error: unknown): void;
}

const NOTHING_RUNS: Promise<unknown> = Promise.resolve();

export class RuntimeProcess {
  readonly #sandbox: Sandbox;
  readonly #slot: InvocationSlot;
  readonly #extensions: Extensions;
  readonly #telemetry: Telemetry;
  readonly #launch: Launch;
  readonly #listener: RuntimeListener;
  /** Waits for the first `next` of all. */
  #settle: ((failure: Failure | undefined) => void) | undefined;
  /** Processes of an earlier start may still report their end: only the newest start counts. */
  #generation = 0;
  #launching: Promise<unknown> | undefined;
  #resetting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #runtimeEnd = NOTHING_RUNS;
  #extensionEnds = new Map<string, Promise<unknown>>();
  #isUp = false;
  /** The environment is on its end: what fails from here on is no news. */
  #isOver = false;

  constructor(
    sandbox: Sandbox,
    slot: InvocationSlot,
    extensions: Extensions,
    telemetry: Telemetry,
    launch: Launch,
    listener: RuntimeListener,
  ) {
    this.#sandbox = sandbox;
    this.#slot = slot;
    this.#extensions = extensions;
    this.#telemetry = telemetry;
    this.#launch = launch;
    this.#listener = listener;
  }

  /** All have come to their first `next` and none has ended since. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /**
   * Start extensions and runtime, after a reset that is under way, and wait until all ask for work.
   * @param onLimit what it means that they did not in `limitMs`
   * @returns what went wrong, if anything did; the caller then resets
   */
  async start(limitMs: number, onLimit: () => Failure): Promise<Failure | undefined> {
    await this.#resetting;
    const problem = this.#launch.extensions?.problem;
    if (problem) {
      this.#extensions.failedLaunch(problem.name, problem.errorType);
      return problem.failure;
    }
    const { command } = this.#launch;
    if (this.#launch.problem) return this.#launch.problem;
    if (!command) return missingBootstrapFailure();
    const generation = ++this.#generation;
    this.#slot.reset();
    return this.#untilReady(limitMs, onLimit, generation, () => this.#launchAll(command, generation));
  }

  /** Extensions and runtime of a snapshot go on here: wait until all ask for work. @returns as start() does */
  restore(restored: RestoredProcesses, limitMs: number, onLimit: () => Failure): Promise<Failure | undefined> {
    const generation = ++this.#generation;
    const ready = this.#untilReady(limitMs, onLimit, generation, async () => {
      const programs = this.#launch.extensions?.programs ?? [];
      this.#watchExtensions(programs, restored.extensionsExited, generation);
      this.#watchRuntime(restored.exited, generation);
    });
    this.#slot.letGoOn();
    // One that was not in the middle of restore/next has asked for work before anybody listened.
    this.cameForWork();
    return ready;
  }

  #untilReady(
    limitMs: number,
    onLimit: () => Failure,
    generation: number,
    launch: () => Promise<void>,
  ): Promise<Failure | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle?.(onLimit()), limitMs);
      this.#settle = (failure) => {
        this.#settle = undefined;
        clearTimeout(timer);
        this.#isUp = failure === undefined;
        // What the runtime wrote before it failed is already in the pipe: read it first.
        if (failure) setImmediate(resolve, failure);
        else resolve(undefined);
      };
      this.#launching = launch().catch((error: unknown) => {
        this.#onFault(error);
        this.#onExit(generation, sandboxFailure());
      });
    });
  }

  /** The runtime or an extension called next. @returns whether that was part of their init, which the last of them ends */
  cameForWork(): boolean {
    const settle = this.#settle;
    if (!settle) return false;
    if (!this.#slot.isInitialised || !this.#extensions.areReady) return true;
    // A quick runtime is here before the launch is through: until then nobody reads its output, nor could freeze it.
    const isThrough = () => this.#settle === settle && settle(undefined);
    this.#launching?.then(isThrough);
    return true;
  }

  /** The runtime reported that it cannot load the function. */
  failedInit(body: Buffer, errorType: string): void {
    const settle = this.#settle;
    // A quick runtime is here before the launch is through, and what it wrote is read only from then on.
    const isThrough = () => this.#settle === settle && settle?.(reportedFailure(body, errorType));
    this.#launching?.then(() => setImmediate(isThrough));
  }

  /** The environment will end: an init that is under way is given up. */
  abandon(): void {
    this.#isOver = true;
    this.#settle?.(sandboxFailure());
  }

  /** End every process, extensions after their time; /tmp is kept (contract/01, Reset). Never rejects. */
  reset(reason: ShutdownReason): Promise<void> {
    const resetting = this.shutDown(reason).then(async () => {
      await this.#sandbox.reset().catch((error: unknown) => this.#onFault(error));
    });
    this.#resetting = resetting;
    return resetting;
  }

  /** Let extensions and runtime end; what is left is the caller's to kill. Never rejects. */
  shutDown(reason: ShutdownReason): Promise<void> {
    this.#isUp = false;
    this.#generation++;
    this.#ending ??= this.#end(reason).finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async #end(reason: ShutdownReason): Promise<void> {
    const ending = {
      sandbox: this.#sandbox,
      extensions: this.#extensions,
      telemetry: this.#telemetry,
      runtimeEnd: this.#runtimeEnd,
      extensionEnds: this.#extensionEnds,
    };
    if (this.#extensions.registered !== "none") await shutDown(ending, reason);
    this.#extensions.reset();
    this.#telemetry.reset();
    this.#extensionEnds = new Map();
    this.#runtimeEnd = NOTHING_RUNS;
  }

  async #launchAll(command: SandboxCommand, generation: number): Promise<void> {
    if (this.#launch.extensions) {
      await this.#launchExtensions(this.#launch.extensions, command.workingDirectory, generation);
      await this.#extensions.untilRegistered();
      if (generation !== this.#generation) return;
    }
    const { exited } = await this.#sandbox.start(command);
    this.#watchRuntime(exited, generation);
  }

  #watchRuntime(exited: Promise<SandboxExit>, generation: number): void {
    this.#runtimeEnd = exited;
    exited.then(
      (exit) => this.#onExit(generation, exitFailure(exit, this.#extensions.reportedError)),
      (error: unknown) => {
        this.#onFault(error);
        this.#onExit(generation, exitFailure(KILLED));
      },
    );
  }

  async #launchExtensions(
    { programs, environment }: ExtensionsLaunch,
    workingDirectory: string,
    generation: number,
  ): Promise<void> {
    const executables = programs.map(({ path }) => path);
    const exits = await this.#sandbox.startExtensions({ executables, environment, workingDirectory });
    this.#watchExtensions(programs, exits, generation);
  }

  #watchExtensions(
    programs: ExtensionsLaunch["programs"],
    exits: readonly Promise<SandboxExit>[],
    generation: number,
  ): void {
    for (const [index, { name }] of programs.entries()) {
      const exited = (exits[index] ?? new Promise<SandboxExit>(() => {})).catch((error: unknown) => {
        this.#onFault(error);
        return KILLED;
      });
      this.#extensionEnds.set(name, exited);
      void exited.then((exit) => {
        if (generation !== this.#generation) return;
        this.#extensions.ended(name);
        this.#onExit(generation, extensionFailure(exit, this.#extensions.reportedError));
      });
    }
  }

  #onFault(error: unknown): void {
    if (!this.#isOver) this.#listener.onFault(error);
  }

  #onExit(generation: number, failure: Failure): void {
    if (generation !== this.#generation) return;
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (this.#settle) this.#settle(failure);
    else if (wasUp) this.#listener.onExit(failure);
  }
}

const KILLED: SandboxExit = { code: null, signal: "SIGKILL", outOfMemory: false };
