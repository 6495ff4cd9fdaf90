/** The Runtime API's answers as bytes: the same few, so most of them are made once. */
import type { Refusal } from "../extensions.ts";
import type { InvocationSlot } from "../invocation-slot.ts";
import type { Responder } from "./request.ts";

const ACCEPTED = Buffer.from('{"status":"OK"}\n');
const ACCEPTED_HEAD = "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n";

/** Waits for the next event where it can: our own bootstraps ask for it in the same packet, and are woken once. */
export function sendAccepted(responder: Responder): void {
  responder.send(ACCEPTED_HEAD, ACCEPTED, true);
}

/** @param status code and phrase, e.g. `403 Forbidden` */
export function sendError(responder: Responder, status: string, errorType: string, errorMessage: string): void {
  const body = Buffer.from(JSON.stringify({ errorMessage, errorType }));
  responder.send(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n`, body);
}

export function sendText(responder: Responder, status: string, text: string): void {
  responder.send(`HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\n`, Buffer.from(text));
}

export function refusePath(responder: Responder): void {
  sendText(responder, "404 Not Found", "404 page not found\n");
}

export function refuseMethod(responder: Responder): void {
  sendError(responder, "405 Method Not Allowed", "InvalidMethod", "Method not allowed");
}

/** 403: an extension asked for what it may not. */
export function sendRefusal(responder: Responder, { errorType, errorMessage }: Refusal): void {
  sendError(responder, "403 Forbidden", errorType, errorMessage);
}

/** 403: the runtime asked for something that its state does not allow. */
export function sendInvalidState(responder: Responder, from: string, to: string): void {
  sendError(
    responder,
    "403 Forbidden",
    "InvalidStateTransition",
    `State transition from ${from} to ${to} failed for runtime. Error: State transition is not allowed`,
  );
}

/** The slot did not take an answer: it is for another invocation, the second to the same, or comes amid a streamed one. */
export function refuseAnswer(responder: Responder, slot: InvocationSlot, requestId: string, to: string): void {
  if (slot.isStreaming(requestId)) return sendInvalidState(responder, slot.state, to);
  sendError(responder, "400 Bad Request", "InvalidRequestID", "Invalid request ID");
}
