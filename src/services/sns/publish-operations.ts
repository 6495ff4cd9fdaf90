/** Publish and PublishBatch. */
import { isTraceId, newTraceId } from "../../invocation/trace-id.ts";
import type { CallContext } from "../../wire/service.ts";
import { ServiceError } from "../../wire/service-error.ts";
import type { SnsMessage } from "./message.ts";
import { type GivenMessage, LARGEST_MESSAGE_BYTES, messageBytes, newMessage } from "./message-rules.ts";
import { invalid } from "./refusal.ts";
import type { SnsContext, SnsHandlers } from "./sns-api.ts";
import type { Topic } from "./topic.ts";
import { findTopic } from "./topic-operations.ts";
import { requireNotDenied } from "./topic-policy.ts";

const MOST_ENTRIES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

export function publishHandlers(context: SnsContext) {
  const { publisher, clock, fail, place } = context;

  const messageOf = (topic: Topic, given: GivenMessage, { traceId }: CallContext): SnsMessage => {
    const now = clock.now();
    return newMessage(fail, topic, given, now, isTraceId(traceId) ? traceId : newTraceId(now));
  };

  return {
    async Publish(input, call) {
      if (input.PhoneNumber !== undefined)
        invalid(fail, "PhoneNumber Reason: Amazon SNS does not deliver to sms in this region");
      const arn = input.TopicArn ?? input.TargetArn;
      if (arn === undefined) return invalid(fail, "TopicArn or TargetArn Reason: no value for required parameter");
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "Publish", call.principal);
      const message = messageOf(topic, input, call);
      if (messageBytes(message) > LARGEST_MESSAGE_BYTES) invalid(fail, "Message too long");
      const [published] = await publisher.publish(topic, [message]);
      return { MessageId: published?.messageId, SequenceNumber: published?.sequenceNumber };
    },

    async PublishBatch({ TopicArn: arn, PublishBatchRequestEntries: entries = [] }, call) {
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "Publish", call.principal);
      checkBatch(entries.map(({ Id }) => Id));
      const failed: { Id: string; Code: string; Message: string; SenderFault: boolean }[] = [];
      const accepted: { readonly id: string; readonly message: SnsMessage }[] = [];
      for (const { Id: id, ...given } of entries) {
        try {
          accepted.push({ id, message: messageOf(topic, given, call) });
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          const code = error.code.replace(/Exception$/, "");
          failed.push({ Id: id, Code: code, Message: error.message, SenderFault: true });
        }
      }
      const bytes = accepted.reduce((sum, { message }) => sum + messageBytes(message), 0);
      if (bytes > LARGEST_MESSAGE_BYTES) {
        fail("BatchRequestTooLongException", "The length of all the messages put together is more than the limit.");
      }
      const published = await publisher.publish(
        topic,
        accepted.map(({ message }) => message),
      );
      const successful = accepted.map(({ id }, i) => ({
        Id: id,
        MessageId: published[i]?.messageId,
        SequenceNumber: published[i]?.sequenceNumber,
      }));
      return { Successful: successful, Failed: failed };
    },
  } satisfies SnsHandlers;

  /** @throws ServiceError */
  function checkBatch(ids: readonly string[]): void {
    if (ids.length === 0) fail("EmptyBatchRequestException", "The batch request doesn't contain any entries.");
    if (ids.length > MOST_ENTRIES) {
      fail("TooManyEntriesInBatchRequestException", "The batch request contains more entries than permissible.");
    }
    if (new Set(ids).size !== ids.length) {
      fail("BatchEntryIdsNotDistinctException", "Two or more batch entries in the request have the same Id.");
    }
    if (ids.some((id) => !ENTRY_ID.test(id))) {
      fail(
        "InvalidBatchEntryIdException",
        "The Id of a batch entry in a batch request doesn't abide by the specification.",
      );
    }
  }
}
