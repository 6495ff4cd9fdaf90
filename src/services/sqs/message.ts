/** A message on its way through a queue: as it is sent, and as it is received. */

/** Exactly one of the values, as the data type says. */
export interface MessageAttributeValue {
  /** `String`, `Number` or `Binary`, possibly with a label after a dot. */
  readonly dataType: string;
  readonly stringValue?: string;
  /** base64 */
  readonly binaryValue?: string;
}

export type MessageAttributeValues = Readonly<Record<string, MessageAttributeValue>>;

/** What never changes of a message, whatever queue it is in. Kept as JSON beside its body. */
export interface MessageAbout {
  /** UUID */
  readonly messageId: string;
  readonly md5OfBody: string;
  readonly senderId: string;
  readonly attributes?: MessageAttributeValues;
  /** X-Ray header */
  readonly traceHeader?: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** ARN of the queue that it was moved from as a dead letter. */
  readonly deadLetterSourceArn?: string;
}

export interface NewMessage {
  readonly body: string;
  readonly about: MessageAbout;
  /** Milliseconds until it can be received; absent: as the queue says. */
  readonly delayMs?: number;
}

export interface SentMessage {
  readonly messageId: string;
  /** FIFO queues only. */
  readonly sequenceNumber?: string;
}

export interface ReceivedMessage {
  readonly body: string;
  readonly about: MessageAbout;
  readonly receiptHandle: string;
  /** Unix ms */
  readonly sentMs: number;
  readonly firstReceivedMs: number;
  readonly receiveCount: number;
  /** FIFO queues only. */
  readonly sequenceNumber?: string;
}

/** Twenty digits that grow with each message and are not consecutive, as AWS's do. @param id of the message's row */
export function sequenceNumberOf(id: number): string {
  return (18_849_496_460_467_696_128n + BigInt(id) * 256n).toString();
}
