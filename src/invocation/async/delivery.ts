/** A message on its way to a destination: what of it is in the queue, beside the message itself. */
import type { NewEntry } from "../../state/queue.ts";
import type { MessageAttributes } from "../targets.ts";

/** Whose result it is, and why it is sent. */
export interface Origin {
  /** With its qualifier. */
  readonly functionArn: string;
  readonly purpose: "OnSuccess" | "OnFailure" | "DeadLetter";
  /** X-Ray header, with the chain that led here. */
  readonly traceId: string;
}

export interface QueuedDelivery {
  readonly arn: string;
  readonly attributes: MessageAttributes;
  readonly origin: Origin;
  /** Of the event that it is about. */
  readonly requestId: string;
  /** Unix ms */
  readonly sinceMs: number;
  /** How often in a row it could not be delivered. */
  readonly refusals: number;
}

const PREFIX = "delivery:";

export const isDeliveryLane = (lane: string): boolean => lane.startsWith(PREFIX);

/** Each target has a lane of its own: one that does not answer holds up no other. */
export function newDelivery(
  delivery: Omit<QueuedDelivery, "sinceMs" | "refusals">,
  message: Buffer,
  nowMs: number,
): NewEntry {
  const about: QueuedDelivery = { ...delivery, sinceMs: nowMs, refusals: 0 };
  const key = `${delivery.origin.purpose}:${delivery.requestId}`;
  return { lane: PREFIX + delivery.arn, dueMs: nowMs, key, about: JSON.stringify(about), payload: message };
}
