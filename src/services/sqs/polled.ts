/** The region's queues, for event sources to poll. Who waits is woken by what comes, not by a timer. */
import type { Place } from "../../functions/function-name.ts";
import { type PolledMessage, type PolledQueue, type PolledQueues, QueueGone } from "../../invocation/polled-queues.ts";
import type { ReceivedMessage } from "./message.ts";
import { md5OfAttributes } from "./message-digest.ts";
import type { Queue } from "./queue.ts";
import { queueNameOf } from "./queue-address.ts";
import type { QueueEngine } from "./queue-engine.ts";
import { type Receipt, readReceiptHandle } from "./receipt-handle.ts";
import { systemAttributes } from "./system-attributes.ts";

export function polledQueues(engine: QueueEngine, place: Place): PolledQueues {
  return {
    find: (arn) => {
      const name = queueNameOf(place, arn);
      return name === undefined ? undefined : polledQueue(engine, name);
    },
  };
}

function polledQueue(engine: QueueEngine, name: string): PolledQueue {
  const queueOf = (): Queue => {
    const queue = engine.book.find(name);
    if (!queue) throw new QueueGone("The specified queue does not exist.");
    return queue;
  };
  return {
    receive: async (limit, signal) => {
      const queue = queueOf();
      const { visibilityTimeoutMs: visibilityMs } = queue.rules;
      const waitMs = Number.POSITIVE_INFINITY;
      return (await engine.receive(queue, { limit, waitMs, visibilityMs, signal })).map(polledMessage);
    },
    delete: async (messages) => {
      const queue = engine.book.find(name);
      // With its queue the message is gone, too.
      if (queue) await engine.delete(queue, receiptsOf(queue, messages));
    },
    changeVisibility: async (messages, timeoutMs) => {
      const queue = engine.book.find(name);
      if (!queue) return;
      await engine.changeVisibility(
        queue,
        receiptsOf(queue, messages).map((receipt) => ({ ...receipt, timeoutMs })),
      );
    },
    visibilityTimeoutMs: async () => queueOf().rules.visibilityTimeoutMs,
  };
}

/** Of a queue that was made anew meanwhile they are none. */
function receiptsOf({ definition }: Queue, messages: readonly PolledMessage[]): Receipt[] {
  return messages.flatMap(({ receiptHandle }) => readReceiptHandle(definition.secret, receiptHandle) ?? []);
}

function polledMessage(message: ReceivedMessage): PolledMessage {
  const { messageId, md5OfBody, attributes } = message.about;
  const md5OfMessageAttributes = md5OfAttributes(attributes);
  return {
    messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    md5OfBody,
    attributes: systemAttributes(message),
    messageAttributes: attributes ?? {},
    ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
  };
}
