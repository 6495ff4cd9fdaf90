/** Queues as targets: each delivery is a message, if the queue's policy lets the sender. */

import type { Place } from "../../functions/function-name.ts";
import { type Delivery, type MessageAttributes, type Target, TargetRefusal } from "../../invocation/targets.ts";
import { newUuid, sha256Hex } from "../../state/ids.ts";
import type { MessageAttributeValues, NewMessage } from "./message.ts";
import { md5OfText } from "./message-digest.ts";
import { messageBytes } from "./message-rules.ts";
import type { Queue } from "./queue.ts";
import { queueNameOf } from "./queue-address.ts";
import type { QueueEngine } from "./queue-engine.ts";
import { maySend } from "./queue-policy.ts";

export class SqsTarget implements Target {
  readonly #engine: QueueEngine;
  readonly #place: Place;

  constructor(engine: QueueEngine, place: Place) {
    this.#engine = engine;
    this.#place = place;
  }

  async deliver(arn: string, delivery: Delivery): Promise<void> {
    const queue = this.#engine.book.find(queueNameOf(this.#place, arn) ?? "");
    if (!queue) throw new TargetRefusal(`The queue ${arn} does not exist.`, "RESOURCE_NOT_FOUND");
    if (!maySend(this.#place, queue, delivery.sender)) {
      throw new TargetRefusal(`${delivery.sender.principal} may not send to ${arn}`, "NO_PERMISSIONS");
    }
    await this.#engine.send(queue, [newMessage(queue, delivery)]);
  }
}

function newMessage(queue: Queue, delivery: Delivery): NewMessage {
  const { attributes, traceId, sender } = delivery;
  const body = delivery.body.toString("utf8");
  const message: NewMessage = {
    body,
    about: {
      messageId: newUuid(),
      md5OfBody: md5OfText(body),
      senderId: `AIDA${sha256Hex(sender.principal).slice(0, 17).toUpperCase()}`,
      traceHeader: traceId,
      ...(attributes && Object.keys(attributes).length > 0 && { attributes: values(attributes) }),
      ...orderOf(queue, delivery, body),
    },
  };
  const bytes = messageBytes(message);
  if (bytes > queue.rules.maximumMessageBytes) {
    throw new TargetRefusal(`${bytes} bytes are more than a message of ${queue.name} may have`);
  }
  return message;
}

function orderOf(
  { rules, name }: Queue,
  { messageGroupId: groupId, messageDeduplicationId: deduplicationId }: Delivery,
  body: string,
): { groupId?: string; deduplicationId?: string } {
  if (!rules.isFifo) return groupId === undefined ? {} : { groupId };
  if (groupId === undefined) throw new TargetRefusal(`${name} takes only messages with a message group`);
  if (deduplicationId === undefined && !rules.deduplicatesByContent) {
    throw new TargetRefusal(`${name} takes only messages with a deduplication id`);
  }
  return { groupId, deduplicationId: deduplicationId ?? sha256Hex(body) };
}

function values(attributes: MessageAttributes): MessageAttributeValues {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      type === "Binary" ? { dataType: type, binaryValue: value } : { dataType: type, stringValue: value },
    ]),
  );
}
