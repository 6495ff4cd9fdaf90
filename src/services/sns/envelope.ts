/** The documents in which messages travel: to queues and HTTP endpoints, and as the event of a function. All are signed. */
import { bodyFor, type SnsMessage } from "./message.ts";
import type { MessageSigner, Signature } from "./message-signer.ts";
import type { Subscription } from "./topic.ts";

type Field = readonly [name: string, value: string | undefined];

export class Envelopes {
  readonly #signer: MessageSigner;

  constructor(signer: MessageSigner) {
    this.#signer = signer;
  }

  /** For queues and HTTP endpoints: JSON, laid out as SNS does. */
  async notification(subscription: Subscription, message: SnsMessage): Promise<string> {
    const { regionUrl } = subscription.definition;
    const body = bodyFor(message, subscription.definition.protocol);
    const signature = await this.#sign(subscription, message, body);
    const isNotification = message.kind === "Notification";
    const fields: Field[] = [
      ["Type", message.kind],
      ["MessageId", message.messageId],
      ["SequenceNumber", message.sequenceNumber],
      ["Token", message.token],
      ["TopicArn", message.topicArn],
      ["Subject", message.subject],
      ["Message", body],
      ["SubscribeURL", isNotification ? undefined : subscribeUrl(regionUrl, message)],
      ["Timestamp", message.timestamp],
      ["SignatureVersion", signature.version],
      ["Signature", signature.text],
      ["SigningCertURL", regionUrl + signature.certificatePath],
      ["UnsubscribeURL", isNotification ? unsubscribeUrl(subscription) : undefined],
    ];
    const lines = fields
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `  "${name}" : ${JSON.stringify(value)}`);
    const attributes = attributesOf(message);
    if (Object.keys(attributes).length > 0) {
      const inner = Object.entries(attributes).map(
        ([name, attribute]) => `    ${JSON.stringify(name)} : ${JSON.stringify(attribute)}`,
      );
      lines.push(`  "MessageAttributes" : {\n${inner.join(",\n")}\n  }`);
    }
    return `{\n${lines.join(",\n")}\n}`;
  }

  /** contract/08 §3 */
  async lambdaEvent(subscription: Subscription, message: SnsMessage): Promise<string> {
    const { regionUrl, arn } = subscription.definition;
    const body = bodyFor(message, "lambda");
    const signature = await this.#sign(subscription, message, body);
    return JSON.stringify({
      Records: [
        {
          EventSource: "aws:sns",
          EventVersion: "1.0",
          EventSubscriptionArn: arn,
          Sns: {
            SignatureVersion: signature.version,
            Timestamp: message.timestamp,
            Signature: signature.text,
            SigningCertUrl: regionUrl + signature.certificatePath,
            MessageId: message.messageId,
            Message: body,
            MessageAttributes: attributesOf(message),
            Type: message.kind,
            UnsubscribeUrl: unsubscribeUrl(subscription),
            TopicArn: message.topicArn,
            Subject: message.subject ?? null,
          },
        },
      ],
    });
  }

  #sign({ topic, definition }: Subscription, message: SnsMessage, body: string): Promise<Signature> {
    const { kind, messageId, subject, timestamp, token, topicArn } = message;
    const isNotification = kind === "Notification";
    const fields: Field[] = [
      ["Message", body],
      ["MessageId", messageId],
      ["Subject", isNotification ? subject : undefined],
      ["SubscribeURL", isNotification ? undefined : subscribeUrl(definition.regionUrl, message)],
      ["Timestamp", timestamp],
      ["Token", token],
      ["TopicArn", topicArn],
      ["Type", kind],
    ];
    const told = fields.filter(([, value]) => value !== undefined);
    const text = told.map(([name, value]) => `${name}\n${value}\n`).join("");
    return this.#signer.sign(text, topic.definition.attributes.SignatureVersion === "2" ? "2" : "1");
  }
}

function subscribeUrl(regionUrl: string, { topicArn, token = "" }: SnsMessage): string {
  return `${regionUrl}/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=${token}`;
}

function unsubscribeUrl({ definition }: Subscription): string {
  return `${definition.regionUrl}/?Action=Unsubscribe&SubscriptionArn=${definition.arn}`;
}

function attributesOf({ attributes }: SnsMessage): Record<string, { Type: string; Value: string }> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [name, { Type: type, Value: value }]),
  );
}
