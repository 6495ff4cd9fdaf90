/** GET /runtime/invocation/next: the long poll in which a runtime waits for its next event. */
import type { Invocation } from "../invocation.ts";
import type { InvocationSlot, Poll } from "../invocation-slot.ts";
import { sendInvalidState } from "./rendering.ts";
import type { Responder } from "./request.ts";

export function answerNext(responder: Responder, slot: InvocationSlot): void {
  if (!slot.next(new ParkedNext(responder))) sendInvalidState(responder, slot.state, "Ready");
}

class ParkedNext implements Poll {
  readonly #responder: Responder;

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  get alive(): boolean {
    return this.#responder.alive;
  }

  answer(invocation: Invocation, deadlineMs: number): void {
    this.#responder.send(head(invocation, deadlineMs), invocation.payload, false, invocation.onDelivered);
  }
}

function head(invocation: Invocation, deadlineMs: number): string {
  let text =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" +
    `Lambda-Runtime-Aws-Request-Id: ${invocation.requestId}\r\n` +
    `Lambda-Runtime-Deadline-Ms: ${deadlineMs}\r\n` +
    `Lambda-Runtime-Invoked-Function-Arn: ${invocation.invokedFunctionArn}\r\n` +
    `Lambda-Runtime-Trace-Id: ${invocation.traceId}\r\n`;
  if (invocation.clientContext !== undefined) {
    // Line breaks are white space in JSON and the end of a header in HTTP.
    text += `Lambda-Runtime-Client-Context: ${invocation.clientContext.replace(/[\r\n]+/g, " ")}\r\n`;
  }
  if (invocation.tenantId !== undefined) text += `Lambda-Runtime-Aws-Tenant-Id: ${invocation.tenantId}\r\n`;
  return text;
}
