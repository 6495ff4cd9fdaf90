/** POST /runtime/invocation/{id}/response: what the function returned, buffered or streamed by the runtime. */
import type { InvocationSlot, RuntimeAnswer } from "../invocation-slot.ts";
import { MAX_RESPONSE_BYTES } from "../outcome.ts";
import type { Responder, RuntimeRequest } from "./connection.ts";
import { sendAccepted, sendError, sendInvalidRequestId } from "./rendering.ts";

export function answerResponse(
  request: RuntimeRequest,
  responder: Responder,
  slot: InvocationSlot,
  requestId: string,
): void {
  const answer = readAnswer(request);
  if (!slot.answer(requestId, answer)) return sendInvalidRequestId(responder);
  switch (answer.kind) {
    case "too-large":
      return sendError(
        responder,
        "413 Request Entity Too Large",
        "RequestEntityTooLarge",
        `Exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
      );
    case "truncated":
      return sendError(responder, "400 Bad Request", "TruncatedHTTPRequest", "HTTP request detected as truncated");
    case "bad-mode":
      return sendError(responder, "400 Bad Request", "InvalidFunctionResponseMode", "Invalid function response mode");
    default:
      return sendAccepted(responder);
  }
}

function readAnswer({ headers, body, bodyState }: RuntimeRequest): RuntimeAnswer {
  if (bodyState !== "whole") return { kind: bodyState, body };
  const mode = headers["lambda-runtime-function-response-mode"];
  if (mode !== undefined && mode.toLowerCase() !== "streaming" && mode.toLowerCase() !== "buffered") {
    return { kind: "bad-mode", body };
  }
  // A streamed answer that broke off tells so in its trailers.
  const errorType = headers["lambda-runtime-function-error-type"];
  if (errorType === undefined) return { kind: "response", body };
  const error = headers["lambda-runtime-function-error-body"];
  return { kind: "error", body: error === undefined ? body : Buffer.from(error, "base64"), errorType };
}
