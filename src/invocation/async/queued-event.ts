/** An asynchronous invocation while it waits: what of it is in the queue, beside its payload. */
import type { Invocation } from "../../execution/invocation.ts";
import type { Entry, NewEntry } from "../../state/queue.ts";

/** What came of the last attempt that ran the function. */
export interface LastOutcome {
  readonly executedVersion: string;
  readonly functionError?: string;
}

/** Why an event was given up. */
export type Condition =
  | "RetriesExhausted"
  | "EventAgeExceeded"
  | "ZeroReservedConcurrency"
  // The name is unconfirmed (contract/03 §5).
  | "RecursiveInvocation";

/** The small part, as JSON beside the payload. */
export interface QueuedEvent {
  readonly functionName: string;
  /** Of the function that it was accepted for. */
  readonly creationId?: string;
  readonly qualifier?: string;
  readonly invokedFunctionArn: string;
  readonly traceId: string;
  readonly tenantId?: string;
  /** Unix ms */
  readonly receivedMs: number;
  /** How often the function ran. */
  readonly attempts: number;
  /** How often in a row it could not run: throttled, or by a fault of ours. */
  readonly refusals: number;
  readonly last?: LastOutcome;
  /** Set when it was given up, and the status of what was the reason. */
  readonly condition?: Condition;
  readonly errorCode?: number;
  readonly errorMessage?: string;
}

const PREFIX = "event:";

/** Each function has a lane of its own. */
export const eventLane = (functionName: string): string => PREFIX + functionName;

/** The function whose lane it is; undefined for lanes of other things. */
export function functionOfLane(lane: string): string | undefined {
  return lane.startsWith(PREFIX) ? lane.slice(PREFIX.length) : undefined;
}

/** @param creationId of the function as it is now */
export function newEvent(
  { functionName, qualifier, invocation }: EventRequest,
  creationId: string | undefined,
  receivedMs: number,
): NewEntry {
  const { requestId, payload, invokedFunctionArn, traceId, tenantId } = invocation;
  const event: QueuedEvent = {
    functionName,
    ...(creationId !== undefined && { creationId }),
    ...(qualifier !== undefined && { qualifier }),
    invokedFunctionArn,
    traceId,
    ...(tenantId !== undefined && { tenantId }),
    receivedMs,
    attempts: 0,
    refusals: 0,
  };
  return { lane: eventLane(functionName), dueMs: receivedMs, key: requestId, about: JSON.stringify(event), payload };
}

/** What is asked for; the client context reaches synchronous invocations only. */
export interface EventRequest {
  /** Bare function name. */
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly invocation: Invocation;
}

export function eventOf(about: string): QueuedEvent {
  return JSON.parse(about) as QueuedEvent;
}

/** As if it had just been received: for events that are tried anew after they were given up. */
export function renewed(about: string, nowMs: number): string {
  const { last: _, condition: __, errorCode: ___, errorMessage: ____, ...event } = eventOf(about);
  return JSON.stringify({ ...event, receivedMs: nowMs, attempts: 0, refusals: 0 });
}

export function invocationOf(event: QueuedEvent, entry: Entry): Invocation {
  const { invokedFunctionArn, traceId, tenantId } = event;
  return {
    requestId: entry.key,
    payload: entry.payload,
    invokedFunctionArn,
    traceId,
    ...(tenantId !== undefined && { tenantId }),
  };
}
