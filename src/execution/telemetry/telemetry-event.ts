/**
 * An event of the Telemetry API, and how each schema has it (contract/02 §3): the Logs API knows fewer events, some of its
 * own, and less of each; before 2022-12-13 every line is a string.
 */

export type TelemetryStream = "platform" | "function" | "extension";

export type SchemaVersion = "2020-08-15" | "2021-03-18" | "2022-07-01" | "2022-12-13" | "2025-01-29";

export interface TelemetryEvent {
  readonly timeMs: number;
  readonly stream: TelemetryStream;
  /** E.g. `platform.start`, `function`. */
  readonly type: string;
  readonly record: object | string;
}

/** What only the Logs API has. */
const LOGS_ONLY: ReadonlySet<string> = new Set(["platform.end", "platform.fault", "platform.logsSubscription"]);

/** The platform's events of the Logs API, with the members that it has of each record. */
const LOGS_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  "platform.start": ["requestId", "version"],
  "platform.end": ["requestId"],
  "platform.report": ["requestId", "metrics", "tracing"],
  "platform.extension": ["name", "state", "events", "errorType"],
  "platform.logsSubscription": ["name", "state", "types"],
  "platform.logsDropped": ["droppedBytes", "droppedRecords", "reason"],
  "platform.runtimeDone": ["requestId", "status"],
};

/**
 * @param isStructured the function logs JSON: its lines are objects where the schema has them so
 * @returns JSON, or undefined when the schema has no such event
 */
export function rendered(event: TelemetryEvent, schema: SchemaVersion, isStructured: boolean): string | undefined {
  const record = recordOf(event, schema, isStructured);
  if (record === undefined) return undefined;
  return `{"time":"${new Date(event.timeMs).toISOString()}","type":"${event.type}","record":${record}}`;
}

function recordOf(event: TelemetryEvent, schema: SchemaVersion, isStructured: boolean): string | undefined {
  const { type, stream, record } = event;
  if (stream !== "platform") {
    const line = record as string;
    const isObject = isStructured && stream === "function" && schema >= "2022-12-13" && isJsonObject(line);
    return isObject ? line.trim() : JSON.stringify(line);
  }
  if (schema >= "2022-07-01") return LOGS_ONLY.has(type) ? undefined : JSON.stringify(record);
  if (type === "platform.fault") return JSON.stringify(record);
  const members = type === "platform.runtimeDone" && schema === "2020-08-15" ? undefined : LOGS_MEMBERS[type];
  return members && JSON.stringify(record, (key, value) => (key === "" ? picked(value, members) : value));
}

function picked(record: Readonly<Record<string, unknown>>, members: readonly string[]): Record<string, unknown> {
  const kept = members.filter((member) => record[member] !== undefined);
  return Object.fromEntries(kept.map((member) => [member, member === "status" ? logsStatus(record) : record[member]]));
}

/** The Logs API knows no `error`. */
function logsStatus({ status }: Readonly<Record<string, unknown>>): unknown {
  return status === "error" ? "failure" : status;
}

function isJsonObject(line: string): boolean {
  if (!line.startsWith("{")) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
