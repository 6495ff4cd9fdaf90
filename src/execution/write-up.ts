/** The accounts of an environment's invocations: the figures of each outcome, and the END and REPORT lines of its log. */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { EnvironmentLog } from "./environment-log.ts";
import type { Failure } from "./failure.ts";
import type { InitResult } from "./init-phase.ts";
import type { InitializationType } from "./initialization.ts";
import type { Outcome, RestoreFigures } from "./outcome.ts";
import { PeakMemory } from "./peak-memory.ts";
import type { PlatformLog, Span } from "./platform-log.ts";
import type { Answer, Running } from "./running-invocation.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

export class WriteUp {
  readonly #log: EnvironmentLog;
  readonly #platform: PlatformLog;
  readonly #version: FunctionVersion;
  readonly #initialization: InitializationType;
  readonly #peakMemory: PeakMemory;
  #initMs: number | undefined;
  #restore: RestoreFigures | undefined;
  /** Of which it has heard. */
  invocations = 0;

  constructor(
    log: EnvironmentLog,
    platform: PlatformLog,
    version: FunctionVersion,
    initialization: InitializationType,
    sandbox: Sandbox,
  ) {
    this.#log = log;
    this.#platform = platform;
    this.#version = version;
    this.#initialization = initialization;
    this.#peakMemory = new PeakMemory(sandbox, version.memoryMb);
  }

  /** How long the init phase took; undefined when it failed, and once an invocation has told of it. */
  get initMs(): number | undefined {
    return this.#initMs;
  }

  /** The most memory that was used. */
  get maxMemoryMb(): number {
    return this.#peakMemory.read();
  }

  /** The init phase went well, or the restore: the first invocation tells of it. */
  initialised({ durationMs, restore }: InitResult): void {
    if (restore) this.#restore = restore;
    else this.#initMs = durationMs;
  }

  /** What became of an invocation, now that it is known, with its figures. */
  outcome(
    running: Running,
    { kind, payload, errorType }: Pick<Outcome, "kind" | "payload"> & { readonly errorType: string | undefined },
  ): Answer["outcome"] {
    this.invocations += 1;
    const initMs = this.#initMs;
    this.#initMs = undefined;
    const restore = this.#restore;
    this.#restore = undefined;
    const timeoutMs = this.#version.timeoutSeconds * 1000;
    const durationMs = kind === "timeout" ? timeoutMs : performance.now() - running.startedMs;
    return {
      kind,
      payload,
      executedVersion: this.#version.version,
      durationMs,
      billedMs: this.#billedMs(durationMs, initMs, restore),
      maxMemoryMb: this.#peakMemory.read(),
      ...(initMs !== undefined && { initMs }),
      ...(restore && { restore }),
      ...(this.#initialization === "provisioned-concurrency" && { isProvisioned: true as const }),
      ...(running.stream && { streamedBytes: running.stream.sentBytes }),
      ...(kind !== "ok" && { functionError: "Unhandled" as const }),
      ...(errorType !== undefined && { errorType }),
      ...(running.finalBilled && { finalBilledMs: running.finalBilled.promise }),
    };
  }

  /** The runtime is back from its invocation, or is lost. Told once, and only where the platform's log is detailed. */
  runtimeDone(running: Running, { outcome, status }: Answer): void {
    if (running.runtimeDoneMs !== undefined) return;
    const doneMs = performance.now();
    running.runtimeDoneMs = doneMs;
    const { kind, payload, streamedBytes, durationMs } = outcome;
    const isAnswered = status === undefined;
    this.#platform.runtimeDone({
      invocation: running.invocation,
      failure: endOf(running, { outcome, status }),
      durationMs: kind === "timeout" ? durationMs : doneMs - running.startedMs,
      producedBytes: isAnswered ? (streamedBytes ?? payload.length) : 0,
      spans: isAnswered ? spansOf(running, durationMs, doneMs) : [],
    });
  }

  /** END and REPORT. What extensions took after the answer is billed, but not the function's duration (contract/01, Invoke). */
  finish(running: Running, { outcome, status }: Answer): void {
    const { invocation, startedMs } = running;
    const { durationMs, maxMemoryMb, initMs, restore, errorType } = outcome;
    const timeoutMs = this.#version.timeoutSeconds * 1000;
    const tookMs = running.hadExtensions ? Math.min(performance.now() - startedMs, timeoutMs) : 0;
    const billedMs = this.#billedMs(Math.max(tookMs, durationMs), initMs, restore);
    const told = status ?? (running.resetFor === "timeout" ? "timeout" : undefined);
    const doneMs = running.runtimeDoneMs ?? startedMs + durationMs;
    const overheadMs = startedMs + tookMs - doneMs;
    const overhead = { name: "extensionOverhead", startMs: doneMs, durationMs: overheadMs } as const;
    const figures = {
      requestId: invocation.requestId,
      memoryMb: this.#version.memoryMb,
      durationMs,
      billedMs,
      maxMemoryMb,
      ...(initMs !== undefined && { initMs }),
      ...(restore && { restore }),
      ...(told !== undefined && { status: told }),
      ...(errorType !== undefined && { errorType }),
    };
    this.#log.flushPartial();
    const failure = endOf(running, { outcome, status });
    this.#platform.report(invocation, figures, failure, overheadMs > 0 ? overhead : undefined);
    running.finalBilled?.resolve(billedMs);
    if (running.wantsLogTail) running.resolve({ ...outcome, billedMs, logTail: this.#log.takeTail() });
    running.reported = true;
  }

  /**
   * Since 2025-08 the init of a cold invocation is billed with it (contract/09 §1); AWS reports a provisioned one, too,
   * with the first invocation, but bills it with what is provisioned. Of a restore the runtime's part is.
   */
  #billedMs(durationMs: number, initMs = 0, restore?: RestoreFigures): number {
    const init = this.#initialization === "provisioned-concurrency" ? 0 : initMs;
    return Math.ceil(durationMs + init + (restore?.billedMs ?? 0));
  }
}

/** How it ended, as telemetry has it: what the function reported as an error is one, too. */
function endOf({ resetFor }: Running, { outcome, status }: Answer): Pick<Failure, "status" | "errorType"> | undefined {
  const { errorType = "" } = outcome;
  if (status !== undefined) return { status, errorType };
  if (resetFor === "timeout") return { status: "timeout", errorType };
  return errorType === "" ? undefined : { status: "error", errorType };
}

function spansOf({ startedMs, streamStartedMs }: Running, durationMs: number, doneMs: number): Span[] {
  const answeredMs = startedMs + durationMs;
  const firstMs = streamStartedMs ?? answeredMs;
  return [
    { name: "responseLatency", startMs: startedMs, durationMs: firstMs - startedMs },
    { name: "responseDuration", startMs: firstMs, durationMs: answeredMs - firstMs },
    { name: "runtimeOverhead", startMs: answeredMs, durationMs: doneMs - answeredMs },
  ];
}
