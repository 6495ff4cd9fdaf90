/**
 * What the platform tells of an environment: as lines of its log, in the format that the function chose, and as events to
 * who subscribed to telemetry (contract/02 §3, §4). It decides how things are told, never that they happened.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { EnvironmentLog } from "./environment-log.ts";
import type { ExtensionReport } from "./extensions.ts";
import type { Failure } from "./failure.ts";
import type { InitializationType } from "./initialization.ts";
import type { Invocation } from "./invocation.ts";
import { rankOf } from "./log-level.ts";
import {
  endLine,
  extensionLine,
  faultLine,
  initReportLine,
  initStartLine,
  type ReportFigures,
  reportLine,
  restoreReportLine,
  restoreStartLine,
  startLine,
  subscriptionLine,
  timeoutLine,
  xrayLine,
} from "./log-lines.ts";
import type { Launch } from "./runtime-process.ts";
import type { SubscriptionOrder } from "./telemetry/subscription.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** Inside an invocation the init is one that failed before, or whose processes ended since. */
export type InitPhase = "init" | "invoke";

type Status = "success" | "failure" | "error" | "timeout";
type Level = "DEBUG" | "INFO" | "WARN";

export interface Span {
  readonly name: "responseLatency" | "responseDuration" | "runtimeOverhead" | "extensionOverhead";
  /** performance.now() */
  readonly startMs: number;
  readonly durationMs: number;
}

export interface RuntimeDone {
  readonly invocation: Invocation;
  readonly failure: Pick<Failure, "status" | "errorType"> | undefined;
  readonly durationMs: number;
  readonly producedBytes: number;
  readonly spans: readonly Span[];
}

export interface PlatformLogParts {
  readonly log: EnvironmentLog;
  readonly telemetry: Telemetry;
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly instanceId: string;
}

export class PlatformLog {
  readonly #parts: PlatformLogParts;
  readonly #isJson: boolean;
  readonly #leastRank: number;

  constructor(parts: PlatformLogParts) {
    this.#parts = parts;
    const { logFormat, systemLogLevel } = parts.version.logging;
    this.#isJson = logFormat === "JSON";
    this.#leastRank = rankOf(systemLogLevel ?? "INFO");
    parts.telemetry.listen({
      onSubscribed: (order) => this.#subscribed(order),
      onDropped: (dropped) => this.#emit("logsDropped", "WARN", dropped),
    });
  }

  /** Somebody wants more than the lines of a text log: on the hot path, and mostly nobody does. */
  get isDetailed(): boolean {
    return this.#isJson || this.#parts.telemetry.isHeard;
  }

  initStart(phase: InitPhase, { runtimeVersion, runtimeVersionArn }: Launch): void {
    const { version, initialization, instanceId } = this.#parts;
    const { functionName, version: functionVersion, memoryMb } = version;
    const record = {
      initializationType: initialization,
      phase,
      runtimeVersion,
      runtimeVersionArn,
      functionName,
      functionVersion,
      instanceId,
      instanceMaxMemory: memoryMb,
    };
    const line =
      phase === "init" && runtimeVersion !== "" ? initStartLine(runtimeVersion, runtimeVersionArn) : undefined;
    this.#emit("initStart", "INFO", record, line);
  }

  initRuntimeDone(phase: InitPhase, failure?: Failure): void {
    const record = { initializationType: this.#parts.initialization, phase, ...ending(failure) };
    this.#emit("initRuntimeDone", failure ? "WARN" : "DEBUG", record);
  }

  initReport(phase: InitPhase, durationMs: number, failure?: Failure): void {
    const { initialization } = this.#parts;
    const metrics = { durationMs: exact(durationMs) };
    const record = { initializationType: initialization, phase, ...ending(failure), metrics };
    const level = initialization === "on-demand" ? "DEBUG" : "INFO";
    // Of an init that no invocation will tell of, the log does at once.
    const isTold = failure !== undefined || initialization === "snap-start";
    const line = isTold ? initReportLine(durationMs, phase, failure) : undefined;
    this.#emit("initReport", failure ? "WARN" : level, record, line);
  }

  restoreStart({ runtimeVersion, runtimeVersionArn }: Launch): void {
    const { version, instanceId } = this.#parts;
    const { functionName, version: functionVersion, memoryMb: instanceMaxMemory } = version;
    const record = { functionName, functionVersion, instanceId, instanceMaxMemory, runtimeVersion, runtimeVersionArn };
    this.#emit("restoreStart", "INFO", record, restoreStartLine(runtimeVersion, runtimeVersionArn));
  }

  restoreRuntimeDone(failure?: Failure): void {
    this.#emit("restoreRuntimeDone", failure ? "WARN" : "DEBUG", ending(failure));
  }

  restoreReport(durationMs: number, failure?: Failure): void {
    const record = { ...ending(failure), metrics: { durationMs: exact(durationMs) } };
    this.#emit("restoreReport", failure ? "WARN" : "INFO", record, restoreReportLine(durationMs, failure));
  }

  extension(report: ExtensionReport): void {
    this.#emit("extension", report.state === "Ready" ? "INFO" : "WARN", report, extensionLine(report));
  }

  start(invocation: Invocation): void {
    const { version, functionArn } = this.#parts.version;
    const { requestId } = invocation;
    if (!this.isDetailed) return this.#parts.log.platform(startLine(requestId, version));
    const record = { requestId, version, functionArn, ...tracing(invocation), ...tenant(invocation) };
    this.#emit("start", "INFO", record, startLine(requestId, version));
  }

  timeout(requestId: string): void {
    this.#parts.log.platform(timeoutLine(requestId, Date.now(), this.#parts.version.timeoutSeconds));
    this.#fault(requestId, `Task timed out after ${this.#parts.version.timeoutSeconds.toFixed(2)} seconds`);
  }

  fault(requestId: string, message: string, errorType: string): void {
    this.#parts.log.platform(faultLine(requestId, message, errorType));
    this.#fault(requestId, "Process exited before completing request");
  }

  /** The runtime is back from an invocation, or will not come back. Only where isDetailed. */
  runtimeDone({ invocation, failure, durationMs, producedBytes, spans }: RuntimeDone): void {
    const record = {
      requestId: invocation.requestId,
      ...ending(failure),
      metrics: { durationMs: exact(durationMs), producedBytes },
      ...(spans.length > 0 && { spans: spans.map(spanRecord) }),
      ...tracing(invocation),
      ...tenant(invocation),
    };
    this.#emit("runtimeDone", failure ? "WARN" : "DEBUG", record);
  }

  /** END and REPORT. @param overhead what extensions took after the runtime was done */
  report(
    invocation: Invocation,
    figures: ReportFigures,
    failure: Pick<Failure, "status" | "errorType"> | undefined,
    overhead: Span | undefined,
  ): void {
    const { requestId } = invocation;
    const { log, telemetry } = this.#parts;
    const line = `${reportLine(figures)}${xrayLine(invocation.traceId)}`;
    if (!this.#isJson) log.platform(endLine(requestId));
    if (!this.isDetailed) return log.platform(line);
    telemetry.emit("platform", "platform.end", { requestId });
    const { initMs, restore } = figures;
    const record = {
      requestId,
      ...ending(failure),
      metrics: {
        durationMs: exact(figures.durationMs),
        billedDurationMs: figures.billedMs,
        memorySizeMB: figures.memoryMb,
        maxMemoryUsedMB: figures.maxMemoryMb,
        ...(initMs !== undefined && { initDurationMs: exact(initMs) }),
        ...(restore && {
          restoreDurationMs: exact(restore.durationMs),
          billedRestoreDurationMs: restore.billedMs,
        }),
      },
      ...(overhead && { spans: [spanRecord(overhead)] }),
      ...tracing(invocation),
      ...tenant(invocation),
    };
    this.#emit("report", failure ? "WARN" : "INFO", record, line);
  }

  #subscribed({ name, api, types }: SubscriptionOrder): void {
    const line = subscriptionLine(api, name, types);
    const event = api === "Logs" ? "logsSubscription" : "telemetrySubscription";
    this.#emit(event, "INFO", { name, state: "Subscribed", types }, line);
  }

  /** Only the Logs API has it. */
  #fault(requestId: string, message: string): void {
    this.#parts.telemetry.emit("platform", "platform.fault", `RequestId: ${requestId} ${message}`);
  }

  /** @param line what a text log says, if anything */
  #emit(event: string, level: Level, record: object, line?: string): void {
    const { log, telemetry } = this.#parts;
    const type = `platform.${event}`;
    if (!this.#isJson) {
      if (line !== undefined) log.platform(line);
    } else if (rankOf(level) >= this.#leastRank) {
      log.platform(`${JSON.stringify({ time: new Date().toISOString(), type, record })}\n`);
    }
    telemetry.emit("platform", type, record);
  }
}

function ending(failure: Pick<Failure, "status" | "errorType"> | undefined): { status: Status; errorType?: string } {
  if (!failure) return { status: "success" };
  if (failure.status === "timeout") return { status: "timeout" };
  const { errorType } = failure;
  if (errorType === "") return { status: "error" };
  return { status: errorType.startsWith("Sandbox.") ? "failure" : "error", errorType };
}

function tracing({ traceId }: Invocation): object {
  const [, spanId] = /Parent=([0-9a-f]{16})/.exec(traceId) ?? [];
  return { tracing: { ...(spanId !== undefined && { spanId }), type: "X-Amzn-Trace-Id", value: traceId } };
}

function tenant({ tenantId }: Invocation): object {
  return tenantId === undefined ? {} : { tenantId };
}

function spanRecord({ name, startMs, durationMs }: Span): object {
  const start = new Date(performance.timeOrigin + startMs).toISOString();
  return { name, start, durationMs: exact(durationMs) };
}

/** ms, to the microsecond. */
function exact(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
