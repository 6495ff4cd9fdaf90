/**
 * InvokeWithResponseStream: POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations. What the function
 * answers leaves as it comes, as events of one stream; what became of the invocation is the stream's last event.
 */
import type { Invoker } from "../invocation/invoker.ts";
import { EventStreamSink } from "./event-stream-sink.ts";
import type { Exchange } from "./exchange.ts";
import type { InvokeCall, InvokeReader } from "./invoke-request.ts";
import { nameBetween } from "./invoke-target.ts";

const TYPES: readonly string[] = ["RequestResponse", "DryRun"];
const NOTHING = Buffer.alloc(0);

export class StreamDoor {
  readonly #reader: InvokeReader;
  readonly #invoker: Invoker;

  constructor(reader: InvokeReader, invoker: Invoker) {
    this.#reader = reader;
    this.#invoker = invoker;
  }

  /** @returns the encoded function name when this door is meant */
  static match(method: string, path: string): string | undefined {
    return method === "POST"
      ? nameBetween("/2021-11-15/functions/", path, "/response-streaming-invocations")
      : undefined;
  }

  /** @throws ServiceError, InvokeRefusal */
  async handle(call: InvokeCall & { readonly exchange: Exchange }, encodedName: string): Promise<void> {
    const { exchange } = call;
    const { type, target, invocation, wantsLogTail } = await this.#reader.read(call, encodedName, TYPES);
    if (type === "DryRun") {
      await this.#invoker.check(target.name, target.qualifier, invocation.tenantId);
      exchange.send(204, ["x-amzn-RequestId", exchange.requestId], NOTHING);
      return;
    }
    const sink = new EventStreamSink(exchange, invocation.traceId);
    invocation.sink = sink;
    try {
      const outcome = await this.#invoker.invoke({
        functionName: target.name,
        qualifier: target.qualifier,
        wantsLogTail,
        invocation,
      });
      sink.complete(outcome, wantsLogTail);
    } catch (error) {
      sink.breakOff();
      throw error;
    }
  }
}
