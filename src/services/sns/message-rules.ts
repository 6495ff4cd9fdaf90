/** From what a publisher gives to a message: checked as SNS does, with its words. */
import { newUuid, sha256Hex } from "../../state/ids.ts";
import type { MessageAttribute, SnsMessage } from "./message.ts";
import { invalid, type SnsFail } from "./refusal.ts";
import type { Topic } from "./topic.ts";

export const LARGEST_MESSAGE_BYTES = 256 * 1024;
const SUBJECT = /^[\x21-\x7e][\x20-\x7e]{0,99}$/;
const GROUP = /^[\x21-\x7e]{1,128}$/;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[a-zA-Z0-9_.-]{1,256}(?<!\.)$/i;
const DATA_TYPE = /^(String|Number|Binary)(?:\..+)?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

export interface GivenMessage {
  readonly Message?: string | undefined;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageGroupId?: string | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageAttributes?:
    | Readonly<
        Record<
          string,
          | {
              readonly DataType: string;
              readonly StringValue?: string | undefined;
              readonly BinaryValue?: Uint8Array | undefined;
            }
          | undefined
        >
      >
    | undefined;
}

/** @param nowMs unix ms @throws ServiceError */
export function newMessage(
  fail: SnsFail,
  topic: Topic,
  given: GivenMessage,
  nowMs: number,
  traceId: string,
): SnsMessage {
  const { Message: text = "", Subject: subject } = given;
  if (text === "") invalid(fail, "Empty message");
  if (subject !== undefined && !SUBJECT.test(subject)) invalid(fail, "Subject");
  const attributes = checkAttributes(fail, given.MessageAttributes ?? {});
  const message: SnsMessage = {
    messageId: newUuid(),
    kind: "Notification",
    topicArn: topic.arn,
    ...(subject !== undefined && { subject }),
    bodies: bodiesOf(fail, text, given.MessageStructure),
    attributes,
    ...orderOf(fail, topic, given, text),
    timestamp: new Date(nowMs).toISOString(),
    traceId,
  };
  return message;
}

/** Bytes that count towards the limit. */
export function messageBytes({ bodies, attributes }: SnsMessage): number {
  let bytes = Object.values(bodies).reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  for (const [name, { type, value }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(type);
    bytes += type.startsWith("Binary") ? Buffer.byteLength(value, "base64") : Buffer.byteLength(value);
  }
  return bytes;
}

function bodiesOf(fail: SnsFail, text: string, structure: string | undefined): SnsMessage["bodies"] {
  if (structure === undefined || structure === "") return { default: text };
  if (structure !== "json") invalid(fail, "MessageStructure");
  let bodies: unknown;
  try {
    bodies = JSON.parse(text);
  } catch {
    invalid(fail, "Message Structure - JSON message body failed to parse");
  }
  if (typeof bodies !== "object" || bodies === null || Array.isArray(bodies)) {
    invalid(fail, "Message Structure - JSON message body failed to parse");
  }
  const texts = Object.entries(bodies as object).filter(([, body]) => typeof body === "string") as [string, string][];
  const byProtocol = Object.fromEntries(texts);
  if (!Object.hasOwn(byProtocol, "default")) {
    invalid(fail, "Message Structure - No default entry in JSON message body");
  }
  return byProtocol;
}

function orderOf(fail: SnsFail, topic: Topic, given: GivenMessage, text: string) {
  const { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } = given;
  if (groupId !== undefined && !GROUP.test(groupId)) invalid(fail, "MessageGroupId");
  if (deduplicationId !== undefined && !GROUP.test(deduplicationId)) invalid(fail, "MessageDeduplicationId");
  if (!topic.isFifo) {
    if (deduplicationId !== undefined) {
      invalid(
        fail,
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
      );
    }
    // Fair queues make something of it.
    return groupId === undefined ? {} : { groupId };
  }
  if (groupId === undefined) invalid(fail, "The MessageGroupId parameter is required for FIFO topics");
  const isByContent = topic.definition.attributes.ContentBasedDeduplication === "true";
  if (deduplicationId === undefined && !isByContent) {
    invalid(
      fail,
      "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
  return { groupId: groupId as string, deduplicationId: deduplicationId ?? sha256Hex(text) };
}

function checkAttributes(
  fail: SnsFail,
  given: NonNullable<GivenMessage["MessageAttributes"]>,
): Readonly<Record<string, MessageAttribute>> {
  const refuse = (text: string): never => fail("InvalidParameterValueException", text);
  return Object.fromEntries(
    Object.entries(given).map(([name, attribute]) => {
      if (!ATTRIBUTE_NAME.test(name)) refuse(`Invalid message attribute name '${name}'.`);
      const { DataType: type = "", StringValue: text, BinaryValue: bytes } = attribute ?? { DataType: "" };
      if (type === "") refuse(`The message attribute '${name}' must contain non-empty message attribute type.`);
      const [, base] = DATA_TYPE.exec(type) ?? [];
      if (base === undefined) {
        refuse(
          `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
        );
      }
      if (base === "Binary" ? !bytes?.length : !text) {
        refuse(
          `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
        );
      }
      if (base === "Number" && !NUMBER.test(text ?? "")) {
        refuse(`Could not cast message attribute '${name}' value to number.`);
      }
      if (base === "Binary") return [name, { type, value: Buffer.from(bytes ?? []).toString("base64") }];
      return [name, { type, value: text ?? "" }];
    }),
  );
}
