/** The accounts of an environment's invocations: the figures of each outcome, and the END and REPORT lines of its log. */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { EnvironmentLog } from "./environment-log.ts";
import type { InitializationType } from "./initialization.ts";
import { endLine, reportLine, timeoutLine } from "./log-lines.ts";
import type { Outcome } from "./outcome.ts";
import { PeakMemory } from "./peak-memory.ts";
import type { Answer, Running } from "./running-invocation.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

export class WriteUp {
  readonly #log: EnvironmentLog;
  readonly #version: FunctionVersion;
  readonly #initialization: InitializationType;
  readonly #peakMemory: PeakMemory;
  #initMs: number | undefined;

  constructor(log: EnvironmentLog, version: FunctionVersion, initialization: InitializationType, sandbox: Sandbox) {
    this.#log = log;
    this.#version = version;
    this.#initialization = initialization;
    this.#peakMemory = new PeakMemory(sandbox, version.memoryMb);
  }

  /** How long the init phase took; undefined when it failed, and once an invocation has told of it. */
  get initMs(): number | undefined {
    return this.#initMs;
  }

  /** The init phase went well: the first invocation tells of it. */
  initialised(durationMs: number): void {
    this.#initMs = durationMs;
  }

  /** What became of an invocation, now that it is known, with its figures. */
  outcome(
    running: Running,
    { kind, payload, errorType }: Pick<Outcome, "kind" | "payload"> & { readonly errorType: string | undefined },
  ): Answer["outcome"] {
    const initMs = this.#initMs;
    this.#initMs = undefined;
    const timeoutMs = this.#version.timeoutSeconds * 1000;
    const durationMs = kind === "timeout" ? timeoutMs : performance.now() - running.startedMs;
    return {
      kind,
      payload,
      executedVersion: this.#version.version,
      durationMs,
      billedMs: this.#billedMs(durationMs, initMs),
      maxMemoryMb: this.#peakMemory.read(),
      ...(initMs !== undefined && { initMs }),
      ...(this.#initialization === "provisioned-concurrency" && { isProvisioned: true as const }),
      ...(running.stream && { streamedBytes: running.stream.sentBytes }),
      ...(kind !== "ok" && { functionError: "Unhandled" as const }),
      ...(errorType !== undefined && { errorType }),
    };
  }

  timeout(requestId: string): void {
    this.#log.platform(timeoutLine(requestId, Date.now(), this.#version.timeoutSeconds));
  }

  /** END and REPORT. What extensions took after the answer is billed, but not the function's duration (contract/01, Invoke). */
  finish(running: Running, { outcome, status }: Answer): void {
    const { requestId } = running.invocation;
    const { durationMs, maxMemoryMb, initMs, errorType } = outcome;
    const timeoutMs = this.#version.timeoutSeconds * 1000;
    const tookMs = running.hadExtensions ? Math.min(performance.now() - running.startedMs, timeoutMs) : 0;
    const billedMs = this.#billedMs(Math.max(tookMs, durationMs), initMs);
    const told = status ?? (running.resetFor === "timeout" ? "timeout" : undefined);
    this.#log.flushPartial();
    this.#log.platform(endLine(requestId));
    this.#log.platform(
      reportLine({
        requestId,
        memoryMb: this.#version.memoryMb,
        durationMs,
        billedMs,
        maxMemoryMb,
        ...(initMs !== undefined && { initMs }),
        ...(told !== undefined && { status: told }),
        ...(errorType !== undefined && { errorType }),
      }),
    );
    if (running.wantsLogTail) running.resolve({ ...outcome, billedMs, logTail: this.#log.takeTail() });
    running.reported = true;
  }

  /**
   * Since 2025-08 the init of a cold invocation is billed with it (contract/09 §1); AWS reports a provisioned one, too,
   * with the first invocation, but bills it with what is provisioned.
   */
  #billedMs(durationMs: number, initMs = 0): number {
    return Math.ceil(durationMs + (this.#initialization === "on-demand" ? initMs : 0));
  }
}
