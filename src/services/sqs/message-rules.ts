/** What a message must be for its queue to take it. Texts of errors are AWS's as recorded, unless a comment says otherwise. */
import { newUuid, sha256Hex } from "../../state/ids.ts";
import type { NewMessage } from "./message.ts";
import { checkAttributeValues, type GivenAttributes, sizeOfAttributes } from "./message-attributes.ts";
import { md5OfText } from "./message-digest.ts";
import type { Queue } from "./queue.ts";
import type { SqsFail } from "./sqs-api.ts";

/** The members that SendMessage and the entries of SendMessageBatch have in common. */
export interface GivenMessage {
  readonly MessageBody?: string | undefined;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: GivenAttributes | undefined;
  readonly MessageSystemAttributes?: GivenAttributes | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

export const LARGEST_BATCH_BYTES = 1_048_576;
const LONGEST_DELAY_SECONDS = 900;
/** Characters of XML 1.0: unpaired surrogates are none. */
const BAD_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const TOKEN = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;
const WRONG_TYPE = "The request include parameter that is not valid for this queue type.";

/** Bytes of the message that count against limits. */
export function messageBytes({ body, about }: NewMessage): number {
  return Buffer.byteLength(body) + sizeOfAttributes(about.attributes);
}

/** @throws ServiceError */
export function checkMessage(fail: SqsFail, queue: Queue, given: GivenMessage, senderId: string): NewMessage {
  const { MessageBody: body, DelaySeconds: delaySeconds } = given;
  if (!body) return fail("MissingParameter", "The request must contain the parameter MessageBody.");
  if (BAD_CHARACTER.test(body)) {
    fail(
      "InvalidMessageContents",
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.",
    );
  }
  checkDelay(fail, queue, delaySeconds);
  const attributes = checkAttributeValues(fail, given.MessageAttributes);
  const traceHeader = traceHeaderOf(fail, given.MessageSystemAttributes);
  const message: NewMessage = {
    body,
    about: {
      messageId: newUuid(),
      md5OfBody: md5OfText(body),
      senderId,
      ...(attributes && { attributes }),
      ...(traceHeader !== undefined && { traceHeader }),
      ...orderOf(fail, queue, given, body),
    },
    ...(delaySeconds !== undefined && !queue.rules.isFifo && { delayMs: delaySeconds * 1000 }),
  };
  const most = queue.rules.maximumMessageBytes;
  if (messageBytes(message) > most) {
    fail(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
    );
  }
  return message;
}

function checkDelay(fail: SqsFail, queue: Queue, seconds: number | undefined): void {
  if (seconds === undefined) return;
  const isInRange = seconds >= 0 && seconds <= LONGEST_DELAY_SECONDS;
  if (isInRange && (seconds === 0 || !queue.rules.isFifo)) return;
  const reason = isInRange ? WRONG_TYPE : `DelaySeconds must be >= 0 and <= ${LONGEST_DELAY_SECONDS}.`;
  fail("InvalidParameterValue", `Value ${seconds} for parameter DelaySeconds is invalid. Reason: ${reason}`);
}

function traceHeaderOf(fail: SqsFail, given: GivenAttributes | undefined): string | undefined {
  for (const [name, value] of Object.entries(given ?? {})) {
    // Unverified.
    if (name !== "AWSTraceHeader") fail("InvalidParameterValue", `Message system attribute name '${name}' is invalid.`);
    if (value?.DataType !== "String" || !value.StringValue) {
      fail("InvalidParameterValue", `The message system attribute '${name}' must be a non-empty String.`);
    }
    return value?.StringValue;
  }
  return undefined;
}

function orderOf(
  fail: SqsFail,
  { rules }: Queue,
  { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId }: GivenMessage,
  body: string,
): { groupId?: string; deduplicationId?: string } {
  for (const [name, value] of Object.entries({ MessageGroupId: groupId, MessageDeduplicationId: deduplicationId })) {
    if (value === undefined || TOKEN.test(value)) continue;
    const reason = `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`;
    fail("InvalidParameterValue", `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
  }
  if (!rules.isFifo) {
    if (deduplicationId !== undefined) {
      const what = `Value ${deduplicationId} for parameter MessageDeduplicationId is invalid.`;
      fail("InvalidParameterValue", `${what} Reason: ${WRONG_TYPE}`);
    }
    return groupId === undefined ? {} : { groupId };
  }
  if (groupId === undefined) return fail("MissingParameter", "The request must contain the parameter MessageGroupId.");
  if (deduplicationId !== undefined) return { groupId, deduplicationId };
  if (!rules.deduplicatesByContent) {
    fail(
      "InvalidParameterValue",
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
  return { groupId, deduplicationId: sha256Hex(body) };
}
