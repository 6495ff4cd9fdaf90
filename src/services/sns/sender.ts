/** Sends one message to one subscription, in the form that its protocol has; or to its dead-letter queue. */
import type { MessageAttributes, Targets } from "../../invocation/targets.ts";
import { TargetRefusal } from "../../invocation/targets.ts";
import type { Envelopes } from "./envelope.ts";
import { postMessage } from "./http-endpoint.ts";
import { bodyFor, type SnsMessage } from "./message.ts";
import { httpPolicy, MANAGED_RETRIES, type RetryPolicy } from "./retry-policy.ts";
import type { Subscription } from "./topic.ts";

export interface SenderOptions {
  readonly targets: Targets;
  readonly envelopes: Envelopes;
  readonly accountId: string;
}

export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  retriesOf({ topic, definition }: Subscription, isDead: boolean): RetryPolicy {
    const isHttp = !isDead && definition.protocol.startsWith("http");
    return isHttp ? httpPolicy(topic.definition.attributes, definition.attributes).retries : MANAGED_RETRIES;
  }

  /** @throws TargetRefusal when trying again would not help; anything else is worth another try */
  async send(subscription: Subscription, message: SnsMessage, isDead: boolean): Promise<void> {
    const { protocol, endpoint } = subscription.definition;
    if (isDead) return this.#sendToQueue(deadLetterArn(subscription), subscription, message);
    if (protocol === "sqs") return this.#sendToQueue(endpoint, subscription, message);
    if (protocol === "lambda") return this.#invoke(subscription, message);
    return this.#post(subscription, message);
  }

  async #sendToQueue(arn: string, subscription: Subscription, message: SnsMessage): Promise<void> {
    const { groupId, deduplicationId, traceId } = message;
    const isRaw = subscription.definition.attributes.RawMessageDelivery === "true";
    await this.#options.targets.deliver(arn, {
      body: Buffer.from(
        isRaw ? bodyFor(message, "sqs") : await this.#options.envelopes.notification(subscription, message),
      ),
      ...(isRaw && { attributes: rawAttributes(message) }),
      ...(groupId !== undefined && { messageGroupId: groupId }),
      ...(deduplicationId !== undefined && { messageDeduplicationId: deduplicationId }),
      traceId,
      sender: this.#senderOf(subscription),
    });
  }

  async #invoke(subscription: Subscription, message: SnsMessage): Promise<void> {
    await this.#options.targets.deliver(subscription.definition.endpoint, {
      body: Buffer.from(await this.#options.envelopes.lambdaEvent(subscription, message)),
      traceId: message.traceId,
      sender: this.#senderOf(subscription),
    });
  }

  async #post(subscription: Subscription, message: SnsMessage): Promise<void> {
    const { definition, topic } = subscription;
    const isRaw = definition.attributes.RawMessageDelivery === "true" && message.kind === "Notification";
    const { contentType } = httpPolicy(topic.definition.attributes, definition.attributes);
    const body = isRaw
      ? bodyFor(message, definition.protocol)
      : await this.#options.envelopes.notification(subscription, message);
    const headers = {
      "content-type": contentType,
      "x-amz-sns-message-type": message.kind,
      "x-amz-sns-message-id": message.messageId,
      "x-amz-sns-topic-arn": message.topicArn,
      ...(message.kind !== "SubscriptionConfirmation" && { "x-amz-sns-subscription-arn": definition.arn }),
      ...(isRaw && { "x-amz-sns-rawdelivery": "true" }),
    };
    await postMessage({ url: definition.endpoint, body, headers, isOutside: definition.isOutside === true });
  }

  #senderOf({ topic }: Subscription) {
    return { principal: "sns.amazonaws.com", arn: topic.arn, accountId: this.#options.accountId };
  }
}

/** Types of the sender's own, such as String.Array, arrive as what they are of. */
function rawAttributes({ attributes }: SnsMessage): MessageAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => {
      const [base] = type.split(".");
      return [name, { type: base === "Number" || base === "Binary" ? base : "String", value }];
    }),
  );
}

function deadLetterArn({ definition }: Subscription): string {
  try {
    return String(JSON.parse(definition.attributes.RedrivePolicy ?? "").deadLetterTargetArn);
  } catch (cause) {
    throw new TargetRefusal(`the redrive policy cannot be read: ${(cause as Error).message}`);
  }
}
