/**
 * Queues from which events are taken: the counterpart of targets.ts. Whoever keeps queues (a companion service, or a
 * client of another region) brings them, event sources poll them; neither knows the other.
 */

export interface PolledAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** base64 */
  readonly binaryValue?: string;
}

export interface PolledMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  /** System attributes by AWS's names: SentTimestamp, MessageGroupId, ... */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, PolledAttribute>>;
  readonly md5OfMessageAttributes?: string;
}

export interface PolledQueue {
  /**
   * Messages in the order of the queue, at most ten; nobody else gets them for the queue's visibility timeout. Waits for
   * some, without costing anything, at least until `signal` fires or some time has passed.
   * @returns nothing when it waited in vain
   * @throws QueueGone when there is no such queue; anything else is tried again
   */
  receive(limit: number, signal: AbortSignal): Promise<PolledMessage[]>;
  delete(messages: readonly PolledMessage[]): Promise<void>;
  /** Others may get them after this time, in milliseconds. Those that are gone are passed over. */
  changeVisibility(messages: readonly PolledMessage[], timeoutMs: number): Promise<void>;
  /** Of its messages by default. @throws QueueGone */
  visibilityTimeoutMs(): Promise<number>;
}

/** The queue does not exist, or no more. */
export class QueueGone extends Error {
  override readonly name = "QueueGone";
}

export interface PolledQueues {
  /** The queue of the ARN, whether it exists or not; undefined when the ARN is of a place that is not polled. */
  find(arn: string): PolledQueue | undefined;
}
