/** POST /runtime/init/error: the runtime could not load the function. */
import type { InvocationSlot } from "../invocation-slot.ts";
import { ERROR_TYPE, reportedErrorType } from "./error.ts";
import { sendAccepted, sendInvalidState } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";

export function answerInitError(request: RuntimeRequest, responder: Responder, slot: InvocationSlot): void {
  const from = slot.state;
  if (!slot.initError(request.body, reportedErrorType(request.headers[ERROR_TYPE])))
    return sendInvalidState(responder, from, "InitError");
  sendAccepted(responder);
}
