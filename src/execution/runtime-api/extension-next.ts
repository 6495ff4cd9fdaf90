/** GET /extension/event/next: the long poll in which an extension waits for its next event. */
import { randomUUID } from "node:crypto";
import type { EventPoll, Extensions } from "../extensions.ts";
import { sendRefusal } from "./rendering.ts";
import type { Responder } from "./request.ts";

export function answerEventNext(responder: Responder, extensions: Extensions, id: string): void {
  const refusal = extensions.next(id, new ParkedEvent(responder));
  if (refusal) sendRefusal(responder, refusal);
}

class ParkedEvent implements EventPoll {
  readonly #responder: Responder;

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  get alive(): boolean {
    return this.#responder.alive;
  }

  answer(event: string): void {
    const id = `Lambda-Extension-Event-Identifier: ${randomUUID()}`;
    this.#responder.send(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${id}\r\n`, Buffer.from(event));
  }
}
