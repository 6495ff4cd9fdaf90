/**
 * The deprecated InvokeAsync: POST /2014-11-13/functions/{FunctionName}/invoke-async/. An asynchronous invocation as
 * Invoke's type Event, in the form of 2014: no qualifier but the one in the name, no headers of its own.
 */
import type { EventAcceptor } from "../invocation/async/event-acceptor.ts";
import type { Call } from "./exchange.ts";
import { accepted } from "./invoke-door.ts";
import type { InvokeReader } from "./invoke-request.ts";
import { nameBetween } from "./invoke-target.ts";

const FIXED = { type: "Event", action: "lambda:InvokeAsync" };
const ACCEPTED = Buffer.from('{"Status":202}');

export class InvokeAsyncDoor {
  readonly #reader: InvokeReader;
  readonly #events: EventAcceptor;

  constructor(reader: InvokeReader, events: EventAcceptor) {
    this.#reader = reader;
    this.#events = events;
  }

  /** @returns the encoded function name when this door is meant */
  static match(method: string, path: string): string | undefined {
    return method === "POST" ? nameBetween("/2014-11-13/functions/", path, "/invoke-async") : undefined;
  }

  /** @throws ServiceError, InvokeRefusal */
  async handle(call: Call, encodedName: string): Promise<void> {
    const { exchange } = call;
    const { target, invocation } = await this.#reader.read(call, encodedName, [FIXED.type], FIXED);
    await this.#events.accept({ functionName: target.name, qualifier: target.qualifier, invocation });
    const headers = ["Content-Type", "application/json"];
    exchange.send(202, [...headers, ...accepted(exchange.requestId, invocation.traceId, ACCEPTED)], ACCEPTED);
  }
}
