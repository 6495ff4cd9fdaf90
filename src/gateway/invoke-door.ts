/**
 * The Invoke path: POST /2015-03-31/functions/{FunctionName}/invocations, matched before the generic engine, raw bytes
 * in and out. Every line here is paid for by every invocation.
 */

import { release } from "../execution/body-memory.ts";
import type { Turn } from "../execution/large-bodies.ts";
import type { EventAcceptor } from "../invocation/async/event-acceptor.ts";
import type { Invoker } from "../invocation/invoker.ts";
import type { InvokeCall, InvokeReader } from "./invoke-request.ts";
import { invokedName } from "./invoke-target.ts";
import { Turns } from "./turns.ts";

const TYPES: readonly string[] = ["Event", "RequestResponse", "DryRun"];
const NOTHING = Buffer.alloc(0);
/** Events that are read, and that are answered, within a turn of the event loop: half a millisecond of it. */
const EVENTS_A_TURN = 8;
const ANSWERS_A_TURN = 16;

export class InvokeDoor {
  readonly #reader: InvokeReader;
  readonly #invoker: Invoker;
  readonly #events: EventAcceptor;
  readonly #arrivals = new Turns(EVENTS_A_TURN);
  readonly #departures = new Turns(ANSWERS_A_TURN);

  constructor(reader: InvokeReader, invoker: Invoker, events: EventAcceptor) {
    this.#reader = reader;
    this.#invoker = invoker;
    this.#events = events;
  }

  /** @returns the encoded function name when this door is meant */
  static match(method: string, path: string): string | undefined {
    return method === "POST" ? invokedName(path) : undefined;
  }

  /** @throws ServiceError, InvokeRefusal */
  async handle(call: InvokeCall, encodedName: string): Promise<void> {
    const { exchange } = call;
    // Unverified, but who lies here delays only itself.
    const arrival = call.head.headers["x-amz-invocation-type"] === "Event" ? this.#arrivals.wait() : undefined;
    if (arrival) await arrival;
    const { type, target, invocation, wantsLogTail } = await this.#reader.read(call, encodedName, TYPES);
    if (type === "DryRun") {
      await this.#invoker.check(target.name, target.qualifier, invocation.tenantId);
      exchange.send(204, ["x-amzn-RequestId", exchange.requestId], NOTHING);
      return;
    }
    const request = { functionName: target.name, qualifier: target.qualifier, invocation };
    if (type === "Event") {
      await this.#events.accept(request);
      // A whole group was synced: its senders hear of it one after the other.
      await this.#departures.wait();
      exchange.send(202, accepted(exchange.requestId, invocation.traceId, NOTHING), NOTHING);
      return;
    }
    let turn: Turn | undefined;
    invocation.onLargeAnswer = (given) => {
      turn = given;
      turn.keep();
    };
    const outcome = await this.#invoker.invoke({ ...request, wantsLogTail });
    const answer = [
      "Content-Type",
      "application/json",
      "Content-Length",
      String(outcome.payload.length),
      "x-amzn-RequestId",
      exchange.requestId,
      "X-Amz-Executed-Version",
      outcome.executedVersion,
      "X-Amzn-Trace-Id",
      invocation.traceId,
    ];
    if (outcome.functionError !== undefined) answer.push("X-Amz-Function-Error", outcome.functionError);
    if (wantsLogTail) answer.push("X-Amz-Log-Result", outcome.logTail.toString("base64"));
    exchange.send(200, answer, outcome.payload, turn && leaving(turn, outcome.payload));
  }
}

/** A large answer has gone out: nobody else had it. */
function leaving(turn: Turn, payload: Buffer): () => void {
  return () => {
    release(payload);
    turn.leave();
  };
}

/** The headers of a 202: the event will run. */
export function accepted(requestId: string, traceId: string, body: Buffer): string[] {
  const length = String(body.length);
  return ["Content-Length", length, "x-amzn-RequestId", requestId, "X-Amzn-Trace-Id", traceId];
}
