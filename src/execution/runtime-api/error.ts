/** POST /runtime/invocation/{id}/error: the function threw. The body goes to the caller as it is. */
import type { InvocationSlot } from "../invocation-slot.ts";
import { refuseAnswer, sendAccepted } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";

/** A header of a reported error, a trailer of a streamed answer that broke off. */
export const ERROR_TYPE = "lambda-runtime-function-error-type";

export function answerInvocationError(
  request: RuntimeRequest,
  responder: Responder,
  slot: InvocationSlot,
  requestId: string,
): void {
  const { body, bodyState, headers } = request;
  const kind = bodyState === "whole" ? "error" : bodyState;
  if (!slot.answer(requestId, { kind, body, errorType: reportedErrorType(headers[ERROR_TYPE]) })) {
    return refuseAnswer(responder, slot, requestId, "InvocationErrorResponse");
  }
  sendAccepted(responder);
}

/**
 * The error type that a runtime reported, as far as the platform takes it over: `Runtime.X` and `Function.X` stay,
 * all else is unknown to it (contract/02 §1; the emulator's rule).
 */
export function reportedErrorType(text = ""): string {
  if (/^(Runtime|Function)\.[A-Z][a-zA-Z]+$/.test(text)) return text;
  return text.startsWith("Function.") ? "Function.Unknown" : "Runtime.Unknown";
}
