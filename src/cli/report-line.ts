/** Reads the figures out of the REPORT line with which the log of an invocation ends. */

export interface Report {
  readonly durationMs: number;
  /** Only on the first invocation of an environment. */
  readonly initMs?: number;
  readonly maxMemoryMb: number;
}

function figure(log: string, name: string): number | undefined {
  const text = new RegExp(`\\t${name}: ([\\d.]+)`).exec(log)?.[1];
  return text === undefined ? undefined : Number(text);
}

/** @throws Error when the text has no REPORT line */
export function parseReport(log: string): Report {
  const line = /^REPORT .*$/m.exec(log)?.[0];
  const durationMs = line === undefined ? undefined : figure(line, "Duration");
  if (line === undefined || durationMs === undefined) throw new Error(`no REPORT line in the log: ${log}`);
  const initMs = figure(line, "Init Duration");
  return { durationMs, maxMemoryMb: figure(line, "Max Memory Used") ?? 0, ...(initMs !== undefined && { initMs }) };
}
