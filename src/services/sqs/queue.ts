/** A queue: what its owner configured, and how many messages it holds. The messages themselves are on the disk. */

export interface QueueRules {
  readonly isFifo: boolean;
  readonly visibilityTimeoutMs: number;
  readonly delayMs: number;
  readonly retentionMs: number;
  readonly waitTimeMs: number;
  readonly maximumMessageBytes: number;
  /** FIFO queues: the body's hash is the deduplication id of messages without one. */
  readonly deduplicatesByContent: boolean;
  readonly deduplicatesByGroup: boolean;
  readonly deadLetters?: { readonly queueName: string; readonly maxReceiveCount: number };
}

export interface QueueDefinition {
  readonly name: string;
  /** By AWS's names, as they were given or by default. Only what can be set. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Unix ms */
  readonly createdMs: number;
  readonly lastModifiedMs: number;
  readonly lastPurgedMs?: number;
  /** What its receipt handles are signed with, hexadecimal. */
  readonly secret: string;
}

/** Messages by what they are doing. Written only within commits, by message-store.ts. */
export interface MessageCounts {
  ready: number;
  inFlight: number;
  delayed: number;
}

export class Queue {
  /** Never used again, not even by another queue of the same name. */
  readonly id: number;
  definition: QueueDefinition;
  rules: QueueRules;
  readonly counts: MessageCounts = { ready: 0, inFlight: 0, delayed: 0 };
  /** Unix ms. Not later than when the next message in flight or delayed can be received. */
  nextDueMs = Number.POSITIVE_INFINITY;
  /** Unix ms. Not later than when the oldest message was sent. */
  oldestMs = Number.POSITIVE_INFINITY;
  isDeleted = false;

  constructor(id: number, definition: QueueDefinition, rules: QueueRules) {
    this.id = id;
    this.definition = definition;
    this.rules = rules;
  }

  get name(): string {
    return this.definition.name;
  }
}
