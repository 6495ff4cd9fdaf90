/** A message as it was published, and the text of it that each protocol gets. */

export interface MessageAttribute {
  /** String, String.Array, Number or Binary, perhaps with a suffix of the sender's own. */
  readonly type: string;
  /** Text; base64 of what is binary. */
  readonly value: string;
}

export interface SnsMessage {
  readonly messageId: string;
  /** A confirmation is for HTTP endpoints, and goes to the subscription that it is about alone. */
  readonly kind: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly topicArn: string;
  readonly subject?: string;
  /** Its text, by protocol where these differ: `default` for the others. */
  readonly bodies: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** Of FIFO topics, 20 digits. */
  readonly sequenceNumber?: string;
  /** ISO 8601, as it stands in envelopes. */
  readonly timestamp: string;
  readonly traceId: string;
  /** Of a confirmation. */
  readonly token?: string;
}

export function bodyFor(message: SnsMessage, protocol: string): string {
  return (Object.hasOwn(message.bodies, protocol) ? message.bodies[protocol] : message.bodies.default) ?? "";
}
