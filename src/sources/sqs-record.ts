/** A message of a queue as its event has it (contract/04 §2). */
import type { PolledAttribute, PolledMessage } from "../invocation/polled-queues.ts";

export interface SqsRecord {
  readonly message: PolledMessage;
  /** As it stands in the event. */
  readonly json: string;
  readonly bytes: number;
}

/** The record's members in the order in which AWS writes them. */
export function sqsEventRecord(message: PolledMessage, queueArn: string): Readonly<Record<string, unknown>> {
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: message.attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(message.messageAttributes).map(([name, value]) => [name, attribute(value)]),
    ),
    md5OfMessageAttributes: message.md5OfMessageAttributes ?? null,
    md5OfBody: message.md5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3],
  };
}

const attribute = ({ stringValue, binaryValue, dataType }: PolledAttribute) => ({
  ...(stringValue !== undefined && { stringValue }),
  ...(binaryValue !== undefined && { binaryValue }),
  stringListValues: [],
  binaryListValues: [],
  dataType,
});
