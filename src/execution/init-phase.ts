/**
 * The init of an environment, ahead of its first invocation or inside one: starts the processes, or has those of a snapshot go on, and
 * tells how it went.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Restored } from "./environment-parts.ts";
import type { Extensions } from "./extensions.ts";
import { type Failure, timeoutFailure } from "./failure.ts";
import { type InitializationType, initLimitMs, RESTORE_LIMIT_MS } from "./initialization.ts";
import type { InvocationSlot } from "./invocation-slot.ts";
import type { RestoreFigures } from "./outcome.ts";
import type { InitPhase, PlatformLog } from "./platform-log.ts";
import { RestoreError } from "./restore-error.ts";
import type { Launch, RuntimeProcess } from "./runtime-process.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

export interface InitParts {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly restored?: Restored;
  readonly slot: InvocationSlot;
  readonly launch: Launch;
  readonly extensions: Extensions;
  readonly telemetry: Telemetry;
  readonly platform: PlatformLog;
  readonly runtime: RuntimeProcess;
  /** The processes have failed: whoever was in the middle of a line will not finish it. */
  readonly flushOutput: () => void;
}

export interface InitResult {
  readonly durationMs: number;
  readonly failure: Failure | undefined;
  /** Set when it was a restore, and that went well. */
  readonly restore?: RestoreFigures;
}

export class Initialisation {
  readonly #parts: InitParts;
  #isUnderWay = false;
  /** While one is under way of which the runtime has not been heard. */
  #phase: InitPhase | undefined;

  constructor(parts: InitParts) {
    this.#parts = parts;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** The runtime asked for work, which it may have done before. */
  runtimeCame(): void {
    const phase = this.#phase;
    this.#phase = undefined;
    if (phase) this.#parts.platform.initRuntimeDone(phase);
  }

  /**
   * The first init, with no invocation in the environment yet.
   * @param isWanted as of run()
   * @throws RestoreError
   */
  ahead(isWanted: () => boolean): Promise<InitResult> {
    const { version, initialization, restored } = this.#parts;
    if (restored) return this.#restore(restored, isWanted);
    const limitMs = initLimitMs(initialization, version);
    return this.run("init", limitMs, () => timeoutFailure(limitMs / 1000), isWanted);
  }

  /**
   * @param isWanted asked at the end: nothing is told of the init of an environment that was ended meanwhile
   * @returns how long it took, and what went wrong, if anything did
   */
  async run(phase: InitPhase, limitMs: number, onLimit: () => Failure, isWanted: () => boolean): Promise<InitResult> {
    const { platform, runtime, telemetry, extensions, launch, flushOutput } = this.#parts;
    const startedMs = performance.now();
    platform.initStart(phase, launch);
    this.#phase = phase;
    this.#isUnderWay = true;
    const failure = await runtime.start(limitMs, onLimit);
    this.#isUnderWay = false;
    const durationMs = performance.now() - startedMs;
    if (!isWanted()) return { durationMs, failure };
    if (failure) flushOutput();
    for (const report of extensions.report()) platform.extension(report);
    if (failure && this.#phase) platform.initRuntimeDone(phase, failure);
    this.#phase = undefined;
    platform.initReport(phase, durationMs, failure);
    telemetry.close();
    return { durationMs, failure };
  }

  async #restore(restored: Restored, isWanted: () => boolean): Promise<InitResult> {
    const { platform, runtime, launch, slot, flushOutput } = this.#parts;
    platform.restoreStart(launch);
    this.#isUnderWay = true;
    const leftMs = Math.max(1, RESTORE_LIMIT_MS - (performance.now() - restored.startedMs));
    const failure = await runtime.restore(restored, leftMs, () => timeoutFailure(RESTORE_LIMIT_MS / 1000));
    this.#isUnderWay = false;
    const endedMs = performance.now();
    const durationMs = endedMs - restored.startedMs;
    if (!isWanted()) return { durationMs, failure };
    if (failure) flushOutput();
    platform.restoreRuntimeDone(failure);
    platform.restoreReport(durationMs, failure);
    const billedMs = slot.restoringSinceMs === undefined ? 0 : Math.ceil(endedMs - slot.restoringSinceMs);
    if (!failure) return { durationMs, failure, restore: { durationMs, billedMs } };
    if (slot.state !== "Started") throw new RestoreError(failure.status);
    // The runtime never went on, which is no fault of the function's: it is started anew, by the invocation that comes.
    restored.onUseless();
    return { durationMs, failure };
  }
}
