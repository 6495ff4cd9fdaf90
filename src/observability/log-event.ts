/** One log event, and how it stands in a segment: a line of JSON whose place in its group never changes. */

export interface LogEvent {
  /** Grows with every event of a group: where in which segment it stands. */
  readonly position: number;
  /** Unix ms: when it happened. */
  readonly timestamp: number;
  /** Unix ms: when it came in. */
  readonly ingestionTime: number;
  readonly logStream: string;
  /** Usually one line with its newline. */
  readonly message: string;
  /** The chain of functions by which the invocation that wrote it came about, as in trace headers. */
  readonly lineage?: string;
}

export interface NewLogEvent {
  /** Unix ms */
  readonly timestamp: number;
  readonly message: string;
}

/** bytes: no segment grows beyond */
const SEGMENT_SPAN = 2 ** 26;

export function positionOf(segment: number, offset: number): number {
  return segment * SEGMENT_SPAN + offset;
}

export function segmentOf(position: number): { readonly segment: number; readonly offset: number } {
  return { segment: Math.floor(position / SEGMENT_SPAN), offset: position % SEGMENT_SPAN };
}

/** @param logStream as JSON: made once for all events of a stream @param ingestionTime unix ms, where it is not the timestamp */
export function lineOf(
  logStream: string,
  timestamp: number,
  message: string,
  ingestionTime: number | undefined,
  lineage: string | undefined,
): string {
  const event = `{"timestamp":${timestamp},"logStream":${logStream},"message":${JSON.stringify(message)}`;
  if (ingestionTime === undefined && lineage === undefined) return `${event}}`;
  const came = ingestionTime === undefined ? "" : `,"ingestionTime":${ingestionTime}`;
  return `${event}${came}${lineage === undefined ? "" : `,"lineage":${JSON.stringify(lineage)}`}}`;
}

/** What functions write comes in when it happens: only what came later says so. @returns undefined for what is no event */
export function parseLine(line: string, position: number): LogEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const event = JSON.parse(line) as Omit<LogEvent, "position" | "ingestionTime"> & { ingestionTime?: number };
    return { ...event, position, ingestionTime: event.ingestionTime ?? event.timestamp };
  } catch {
    // A crash or a full disk cut it short.
    return undefined;
  }
}
