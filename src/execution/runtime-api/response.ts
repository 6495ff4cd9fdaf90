/** POST /runtime/invocation/{id}/response: what the function returned, whole, or streamed as it comes. */
import { MAX_STREAMED_BYTES } from "../answer-stream.ts";
import type { InvocationSlot, RuntimeAnswer } from "../invocation-slot.ts";
import { MAX_RESPONSE_BYTES } from "../outcome.ts";
import { ERROR_TYPE, reportedErrorType } from "./error.ts";
import type { Headers } from "./head.ts";
import { refuseAnswer, sendAccepted, sendError } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";
import { StreamedBody } from "./streamed-body.ts";

const RESPONSE_MODE = "lambda-runtime-function-response-mode";
const ERROR_BODY = "lambda-runtime-function-error-body";
const DEFAULT_CONTENT_TYPE = "application/octet-stream";

/** @returns where the body of a streamed response goes; undefined when it is to be collected */
export function openStream(headers: Headers, slot: InvocationSlot, requestId: string): StreamedBody | undefined {
  if (headers[RESPONSE_MODE]?.toLowerCase() !== "streaming") return undefined;
  const stream = slot.stream(requestId, contentTypeOf(headers));
  return stream && new StreamedBody(stream, slot);
}

export function answerResponse(
  request: RuntimeRequest,
  responder: Responder,
  slot: InvocationSlot,
  requestId: string,
): void {
  const { streamed } = request;
  const answer = readAnswer(request);
  if (streamed) {
    // Too large was told when it became so. When the invocation is over by now, the runtime is to go on all the same.
    slot.endStream(streamed.stream, answer);
  } else if (!slot.answer(requestId, answer)) return refuseAnswer(responder, slot, requestId, "InvocationResponse");
  switch (answer.kind) {
    case "too-large":
      return sendError(
        responder,
        "413 Request Entity Too Large",
        "RequestEntityTooLarge",
        `Exceeded maximum allowed payload size (${streamed ? MAX_STREAMED_BYTES : MAX_RESPONSE_BYTES} bytes).`,
      );
    case "truncated":
      return sendError(responder, "400 Bad Request", "TruncatedHTTPRequest", "HTTP request detected as truncated");
    case "bad-mode":
      return sendError(responder, "400 Bad Request", "InvalidFunctionResponseMode", "Invalid function response mode");
    default:
      return sendAccepted(responder);
  }
}

function readAnswer({ headers, trailers, body, bodyState, turn }: RuntimeRequest): RuntimeAnswer {
  if (bodyState !== "whole") return { kind: bodyState, body };
  const mode = headers[RESPONSE_MODE];
  if (mode !== undefined && mode.toLowerCase() !== "streaming" && mode.toLowerCase() !== "buffered") {
    return { kind: "bad-mode", body };
  }
  // A streamed answer that broke off tells so in its trailers.
  const errorType = trailers[ERROR_TYPE];
  if (errorType === undefined) return { kind: "response", body, turn };
  const error = trailers[ERROR_BODY];
  return {
    kind: "error",
    body: error === undefined ? body : Buffer.from(error, "base64"),
    errorType: reportedErrorType(errorType),
  };
}

/** It goes into a header for the caller: one that could not stand there is none. */
function contentTypeOf(headers: Headers): string {
  const text = headers["content-type"] ?? "";
  return /^[\t\x20-\x7e]+$/.test(text) ? text : DEFAULT_CONTENT_TYPE;
}
