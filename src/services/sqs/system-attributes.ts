/** What SQS itself says of a message that is received. All values are text. */
import type { ReceivedMessage } from "./message.ts";

export function systemAttributes(message: ReceivedMessage): Readonly<Record<string, string>> {
  const { about, sequenceNumber } = message;
  return {
    SenderId: about.senderId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentMs),
    ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
    ...(about.deduplicationId !== undefined && { MessageDeduplicationId: about.deduplicationId }),
    ...(about.groupId !== undefined && { MessageGroupId: about.groupId }),
    ...(about.traceHeader !== undefined && { AWSTraceHeader: about.traceHeader }),
    ...(about.deadLetterSourceArn !== undefined && { DeadLetterQueueSourceArn: about.deadLetterSourceArn }),
  };
}
