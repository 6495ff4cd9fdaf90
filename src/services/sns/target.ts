/** Topics as targets: each delivery is published, if the topic's policy lets the sender. */
import type { Place } from "../../functions/function-name.ts";
import { type Delivery, type MessageAttributes, type Target, TargetRefusal } from "../../invocation/targets.ts";
import type { Clock } from "../../state/clock.ts";
import { ServiceError } from "../../wire/service-error.ts";
import { type GivenMessage, LARGEST_MESSAGE_BYTES, messageBytes, newMessage } from "./message-rules.ts";
import type { Publisher } from "./publisher.ts";
import type { SnsFail } from "./refusal.ts";
import type { TopicBook } from "./topic-book.ts";
import { mayPublish } from "./topic-policy.ts";

export interface SnsTargetOptions {
  readonly book: TopicBook;
  readonly publisher: Publisher;
  readonly place: Place;
  readonly clock: Clock;
  readonly fail: SnsFail;
}

export class SnsTarget implements Target {
  readonly #options: SnsTargetOptions;

  constructor(options: SnsTargetOptions) {
    this.#options = options;
  }

  async deliver(arn: string, delivery: Delivery): Promise<void> {
    const { book, publisher, place, clock, fail } = this.#options;
    const topic = book.topic(arn);
    if (topic === undefined) throw new TargetRefusal(`The topic ${arn} does not exist.`, "RESOURCE_NOT_FOUND");
    if (!mayPublish(topic, place, delivery.sender)) {
      throw new TargetRefusal(`${delivery.sender.principal} may not publish to ${arn}`, "NO_PERMISSIONS");
    }
    try {
      const message = newMessage(fail, topic, givenBy(delivery), clock.now(), delivery.traceId);
      if (messageBytes(message) > LARGEST_MESSAGE_BYTES) throw new TargetRefusal("Message too long");
      await publisher.publish(topic, [message]);
    } catch (error) {
      throw error instanceof ServiceError ? new TargetRefusal(error.message) : error;
    }
  }
}

function givenBy({ body, subject, attributes, messageGroupId, messageDeduplicationId }: Delivery): GivenMessage {
  return {
    Message: body.toString("utf8"),
    Subject: subject,
    MessageGroupId: messageGroupId,
    MessageDeduplicationId: messageDeduplicationId,
    MessageAttributes: attributes && givenAttributes(attributes),
  };
}

function givenAttributes(attributes: MessageAttributes): GivenMessage["MessageAttributes"] {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      type === "Binary"
        ? { DataType: type, BinaryValue: Buffer.from(value, "base64") }
        : { DataType: type, StringValue: value },
    ]),
  );
}
