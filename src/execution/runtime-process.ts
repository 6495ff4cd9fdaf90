/**
 * The runtime process of one environment: starts it, waits until it asks for work or fails to, and tells when it ends.
 * When to start, and what an end means, is the environment's to say.
 */
import { exitFailure, type Failure, missingBootstrapFailure, reportedFailure, sandboxFailure } from "./failure.ts";
import type { InvocationSlot } from "./invocation-slot.ts";
import type { Sandbox, SandboxCommand, SandboxExit } from "./sandbox/sandbox.ts";

/** How to start the runtime, settled when the environment was built. Undefined command: there is no bootstrap. */
export interface Launch {
  readonly command: SandboxCommand | undefined;
  readonly runtimeVersion: string;
  readonly runtimeVersionArn: string;
}

export interface RuntimeListener {
  /** A runtime that had asked for work ended. */
  onExit(exit: SandboxExit): void;
  /** The sandbox failed us. */
  onFault(error: unknown): void;
}

export class RuntimeProcess {
  readonly #sandbox: Sandbox;
  readonly #slot: InvocationSlot;
  readonly #command: SandboxCommand | undefined;
  readonly #listener: RuntimeListener;
  /** Waits for the first `next`. */
  #settle: ((failure: Failure | undefined) => void) | undefined;
  /** Processes of an earlier start may still report their end: only the newest start counts. */
  #generation = 0;
  #launching: Promise<unknown> | undefined;
  #resetting: Promise<void> | undefined;
  #isUp = false;

  constructor(sandbox: Sandbox, slot: InvocationSlot, launch: Launch, listener: RuntimeListener) {
    this.#sandbox = sandbox;
    this.#slot = slot;
    this.#command = launch.command;
    this.#listener = listener;
  }

  /** It has come to its first `next` and has not ended since. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /**
   * Start the runtime, after a reset that is under way, and wait until it asks for work.
   * @param onLimit what it means that it did not in `limitMs`
   * @returns what went wrong, if anything did; the caller then resets
   */
  async start(limitMs: number, onLimit: () => Failure): Promise<Failure | undefined> {
    const command = this.#command;
    if (!command) return missingBootstrapFailure();
    await this.#resetting;
    const generation = ++this.#generation;
    this.#slot.reset();
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
      const launching = this.#sandbox.start(command);
      this.#launching = launching;
      const ended = launching.then(({ exited }) => exited);
      ended.then(
        (exit) => generation === this.#generation && this.#onExit(exit),
        (error: unknown) => {
          this.#listener.onFault(error);
          if (generation !== this.#generation) return;
          if (this.#settle) this.#settle(sandboxFailure());
          else this.#onExit({ code: null, signal: "SIGKILL", outOfMemory: false });
        },
      );
    });
  }

  /** The runtime called next. @returns true when that ended its init */
  cameForWork(): boolean {
    const settle = this.#settle;
    if (!settle) return false;
    // A quick runtime is here before the launch is through: until then nobody reads its output, nor could freeze it.
    const isThrough = () => this.#settle === settle && settle(undefined);
    this.#launching?.then(isThrough, () => {});
    return true;
  }

  /** The runtime reported that it cannot load the function. */
  failedInit(body: Buffer, errorType: string): void {
    this.#settle?.(reportedFailure(body, errorType));
  }

  /** Kill every process; /tmp is kept (contract/01, Reset). Never rejects. */
  reset(): Promise<void> {
    this.#isUp = false;
    this.#generation++;
    this.#resetting = this.#sandbox.reset().catch((error: unknown) => this.#listener.onFault(error));
    return this.#resetting;
  }

  #onExit(exit: SandboxExit): void {
    this.#isUp = false;
    if (this.#settle) this.#settle(exitFailure(exit));
    else this.#listener.onExit(exit);
  }
}
