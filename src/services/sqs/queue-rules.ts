/** From a queue's attributes, as AWS names and writes them, to the rules that the engine works by. */
import type { QueueRules } from "./queue.ts";

export const DEFAULTS: Readonly<Record<string, string>> = {
  VisibilityTimeout: "30",
  MaximumMessageSize: "1048576",
  MessageRetentionPeriod: "345600",
  DelaySeconds: "0",
  ReceiveMessageWaitTimeSeconds: "0",
  SqsManagedSseEnabled: "true",
};

export const FIFO_DEFAULTS: Readonly<Record<string, string>> = {
  FifoQueue: "true",
  ContentBasedDeduplication: "false",
  DeduplicationScope: "queue",
  FifoThroughputLimit: "perQueue",
};

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export function rulesOf(attributes: Readonly<Record<string, string>>): QueueRules {
  const number = (name: string) => Number(attributes[name] ?? DEFAULTS[name]);
  const redrive = redrivePolicy(attributes);
  return {
    isFifo: attributes.FifoQueue === "true",
    visibilityTimeoutMs: number("VisibilityTimeout") * 1000,
    delayMs: number("DelaySeconds") * 1000,
    retentionMs: number("MessageRetentionPeriod") * 1000,
    waitTimeMs: number("ReceiveMessageWaitTimeSeconds") * 1000,
    maximumMessageBytes: number("MaximumMessageSize"),
    deduplicatesByContent: attributes.ContentBasedDeduplication === "true",
    deduplicatesByGroup: attributes.DeduplicationScope === "messageGroup",
    ...(redrive && {
      deadLetters: {
        queueName: redrive.deadLetterTargetArn.split(":")[5] ?? "",
        maxReceiveCount: redrive.maxReceiveCount,
      },
    }),
  };
}

/** Checked when it was set. */
export function redrivePolicy({ RedrivePolicy: text }: Readonly<Record<string, string>>): RedrivePolicy | undefined {
  if (!text) return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text);
  return { deadLetterTargetArn, maxReceiveCount: Number(maxReceiveCount) };
}
