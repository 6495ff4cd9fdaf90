/** POST /runtime/invocation/{id}/error: the function threw. The body goes to the caller as it is. */
import type { InvocationSlot } from "../invocation-slot.ts";
import type { Responder, RuntimeRequest } from "./connection.ts";
import { sendAccepted, sendInvalidRequestId } from "./rendering.ts";

export function answerInvocationError(
  request: RuntimeRequest,
  responder: Responder,
  slot: InvocationSlot,
  requestId: string,
): void {
  const { body, bodyState } = request;
  const kind = bodyState === "whole" ? "error" : bodyState;
  if (!slot.answer(requestId, { kind, body, errorType: reportedErrorType(request) })) {
    return sendInvalidRequestId(responder);
  }
  sendAccepted(responder);
}

/**
 * The error type that a runtime reported, as far as the platform takes it over: `Runtime.X` and `Function.X` stay,
 * all else is unknown to it (contract/02 §1; the emulator's rule).
 */
export function reportedErrorType(request: RuntimeRequest): string {
  const text = request.headers["lambda-runtime-function-error-type"] ?? "";
  if (/^(Runtime|Function)\.[A-Z][a-zA-Z]+$/.test(text)) return text;
  return text.startsWith("Function.") ? "Function.Unknown" : "Runtime.Unknown";
}
