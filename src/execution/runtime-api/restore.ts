/**
 * SnapStart's side of the Runtime API (contract/02 §1): GET /runtime/restore/next, in which an initialised runtime waits while a
 * snapshot is taken of it, and POST /runtime/restore/error: what the function does after a restore failed.
 */
import type { InvocationSlot } from "../invocation-slot.ts";
import { ERROR_TYPE, reportedErrorType } from "./error.ts";
import { refusePath, sendAccepted, sendInvalidState } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";

const NOTHING = Buffer.alloc(0);

export function answerRestoreNext(responder: Responder, slot: InvocationSlot): void {
  if (!slot.mayRestore) return refusePath(responder);
  const poll = {
    get alive() {
      return responder.alive;
    },
    answer: () => responder.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", NOTHING),
  };
  if (!slot.restoreNext(poll)) sendInvalidState(responder, slot.state, "RestoreReady");
}

export function answerRestoreError(request: RuntimeRequest, responder: Responder, slot: InvocationSlot): void {
  if (!slot.mayRestore) return refusePath(responder);
  const from = slot.state;
  if (!slot.restoreError(request.body, reportedErrorType(request.headers[ERROR_TYPE]))) {
    return sendInvalidState(responder, from, "RestoreError");
  }
  sendAccepted(responder);
}
