/** A message on its way from a rule or a schedule to a target: what of it is in the queue, beside its body. */
import type { NewEntry } from "../../state/queue.ts";
import type { Delivery, MessageAttributes, Sender } from "../targets.ts";

/** How often and how long a message is tried. */
export interface RetryRules {
  readonly maximumAttempts: number;
  readonly maximumAgeSeconds: number;
}

export interface OutgoingMessage {
  readonly arn: string;
  readonly sender: Sender;
  /** X-Ray header. */
  readonly traceId: string;
  /** What the delivery has besides. */
  readonly extras?: Omit<Delivery, "body" | "sender" | "traceId">;
  /** What a sender of its own kind needs to know besides, JSON. */
  readonly more?: unknown;
  readonly retry: RetryRules;
  readonly deadLetter?: DeadLetter;
  /** Unix ms: age counts from here. */
  readonly sinceMs: number;
  /** Tries that have failed. */
  readonly failures: number;
}

export interface DeadLetter {
  readonly arn: string;
  /** Besides those that say what went wrong. */
  readonly attributes: MessageAttributes;
  /** When it is another than the message's: base64. */
  readonly body?: string;
}

const PREFIX = "outgoing:";

/** Each target has a lane of its own: one that does not answer holds up no other. */
export function newOutgoing(message: Omit<OutgoingMessage, "failures">, body: Buffer, key: string): NewEntry {
  const about: OutgoingMessage = { ...message, failures: 0 };
  return { lane: PREFIX + message.arn, dueMs: message.sinceMs, key, about: JSON.stringify(about), payload: body };
}

export const isOutgoingLane = (lane: string): boolean => lane.startsWith(PREFIX);
