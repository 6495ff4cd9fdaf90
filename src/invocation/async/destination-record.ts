/**
 * What destinations and dead-letter queues are sent: AWS's record of an asynchronous invocation, and the bare event with
 * its attributes (contract/03 §5). Payloads go in byte for byte, as they came.
 */

import type { MessageAttributes } from "../targets.ts";
import { jsonTextOf } from "./json-text.ts";
import type { LastOutcome, QueuedEvent } from "./queued-event.ts";

export interface RecordContents {
  readonly event: QueuedEvent;
  readonly requestId: string;
  readonly payload: Buffer;
  /** With its qualifier. */
  readonly functionArn: string;
  readonly condition: string;
  readonly last?: LastOutcome | undefined;
  /** What the function answered, if it ran. */
  readonly answer?: Buffer | undefined;
  readonly nowMs: number;
}

export function destinationRecord(contents: RecordContents): Buffer {
  const { event, requestId, functionArn, condition, last, answer } = contents;
  const requestContext = { requestId, functionArn, condition, approximateInvokeCount: event.attempts };
  const parts = [
    `{"version":"1.0","timestamp":"${new Date(contents.nowMs).toISOString()}"`,
    `,"requestContext":${JSON.stringify(requestContext)}`,
    `,"requestPayload":`,
    contents.payload,
  ];
  if (last) {
    const { executedVersion, functionError } = last;
    const responseContext = { statusCode: 200, executedVersion, ...(functionError !== undefined && { functionError }) };
    parts.push(`,"responseContext":${JSON.stringify(responseContext)},"responsePayload":`, jsonTextOf(answer));
  }
  parts.push("}");
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

/** The longest ErrorMessage, bytes. */
const ERROR_MESSAGE_BYTES = 1024;

export function deadLetterAttributes(requestId: string, errorCode: number, errorMessage: string): MessageAttributes {
  return {
    RequestID: { type: "String", value: requestId },
    ErrorCode: { type: "Number", value: String(errorCode) },
    ErrorMessage: { type: "String", value: firstBytes(errorMessage, ERROR_MESSAGE_BYTES) },
  };
}

/** What a function's error document says went wrong; its text when it is none. */
export function errorMessageOf(document: Buffer): string {
  const text = document.toString();
  try {
    const { errorMessage } = JSON.parse(text) as { errorMessage?: unknown };
    return typeof errorMessage === "string" ? errorMessage : text;
  } catch {
    return text;
  }
}

/** As many whole characters as fit. */
function firstBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  // Not within a character: its later bytes begin with the bits 10.
  while (((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString("utf8", 0, end);
}
