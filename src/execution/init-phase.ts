/** The init of an environment, ahead of its first invocation or inside one: starts the processes, and tells how it went. */
import type { Extensions } from "./extensions.ts";
import type { Failure } from "./failure.ts";
import type { InitPhase, PlatformLog } from "./platform-log.ts";
import type { Launch, RuntimeProcess } from "./runtime-process.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

export interface InitParts {
  readonly launch: Launch;
  readonly extensions: Extensions;
  readonly telemetry: Telemetry;
  readonly platform: PlatformLog;
  readonly runtime: RuntimeProcess;
  /** The processes have failed: whoever was in the middle of a line will not finish it. */
  readonly flushOutput: () => void;
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
   * @param isWanted asked at the end: nothing is told of the init of an environment that was ended meanwhile
   * @returns how long it took, and what went wrong, if anything did
   */
  async run(
    phase: InitPhase,
    limitMs: number,
    onLimit: () => Failure,
    isWanted: () => boolean,
  ): Promise<{ durationMs: number; failure: Failure | undefined }> {
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
}
