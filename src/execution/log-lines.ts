/** The platform's own lines in a function's log, text format, to the letter (contract/02 §4). */
import type { ExtensionReport } from "./extensions.ts";
import type { RestoreFigures } from "./outcome.ts";

export interface ReportFigures {
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedMs: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  /** Only on the first invocation after a successful init. */
  readonly initMs?: number;
  /** Only on the first invocation after a restore. */
  readonly restore?: RestoreFigures;
  readonly status?: "timeout" | "error";
  readonly errorType?: string;
}

export function initStartLine(runtimeVersion: string, runtimeVersionArn: string): string {
  return `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}\n`;
}

export function restoreStartLine(runtimeVersion: string, runtimeVersionArn: string): string {
  return `RESTORE_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}\n`;
}

export function restoreReportLine(durationMs: number, failure?: { status: string; errorType: string }): string {
  return `RESTORE_REPORT Restore Duration: ${durationMs.toFixed(2)} ms${ending(failure)}\n`;
}

/** Only written when init failed, when it ran inside an invoke, or for a snapshot. */
export function initReportLine(
  durationMs: number,
  phase: "init" | "invoke",
  failure?: { status: string; errorType: string },
): string {
  return `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms\tPhase: ${phase}${ending(failure)}\n`;
}

function ending(failure: { status: string; errorType: string } | undefined): string {
  const status = failure ? `\tStatus: ${failure.status}` : "";
  const errorType = failure?.status === "error" ? `\tError Type: ${failure.errorType}` : "";
  return `${status}${errorType}`;
}

export function startLine(requestId: string, version: string): string {
  return `START RequestId: ${requestId} Version: ${version}\n`;
}

export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}\n`;
}

export function reportLine(figures: ReportFigures): string {
  let line =
    `REPORT RequestId: ${figures.requestId}\tDuration: ${figures.durationMs.toFixed(2)} ms` +
    `\tBilled Duration: ${figures.billedMs} ms\tMemory Size: ${figures.memoryMb} MB` +
    `\tMax Memory Used: ${figures.maxMemoryMb} MB\t`;
  if (figures.initMs !== undefined) line += `Init Duration: ${figures.initMs.toFixed(2)} ms\t`;
  if (figures.restore) {
    const { durationMs, billedMs } = figures.restore;
    line += `Restore Duration: ${durationMs.toFixed(2)} ms\tBilled Restore Duration: ${billedMs} ms\t`;
  }
  if (figures.status === "timeout") line += "Status: timeout";
  if (figures.status === "error") line += `Status: error\tError Type: ${figures.errorType}`;
  return `${line}\n`;
}

export function timeoutLine(requestId: string, atMs: number, timeoutSeconds: number): string {
  return `${new Date(atMs).toISOString()} ${requestId} Task timed out after ${timeoutSeconds.toFixed(2)} seconds\n\n`;
}

export function faultLine(requestId: string, message: string, errorType: string): string {
  return `RequestId: ${requestId} Error: ${message}\n${errorType}\n`;
}

export function extensionLine({ name, state, events, errorType }: ExtensionReport): string {
  const line = `EXTENSION\tName: ${name}\tState: ${state}\tEvents: [${events.join(", ")}]`;
  return errorType === undefined ? `${line}\n` : `${line}\tError Type: ${errorType}\n`;
}

export function subscriptionLine(api: "Telemetry" | "Logs", name: string, types: readonly string[]): string {
  const capitals = types.map((type) => `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`);
  return `${api.toUpperCase()}\tName: ${name}\tState: Subscribed\tTypes: [${capitals.join(", ")}]\n`;
}

/** Second line of the REPORT record of an invocation that is traced; empty when it is not. */
export function xrayLine(traceId: string): string {
  if (!traceId.includes("Sampled=1")) return "";
  const [, root] = /Root=([0-9a-f-]+)/.exec(traceId) ?? [];
  const [, segment] = /Parent=([0-9a-f]+)/.exec(traceId) ?? [];
  if (root === undefined || segment === undefined) return "";
  return `XRAY TraceId: ${root}\tSegmentId: ${segment}\tSampled: true\t\n`;
}
