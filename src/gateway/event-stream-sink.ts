/** The answer to one InvokeWithResponseStream: PayloadChunk events as the function writes, then InvokeComplete. */
import type { Outcome } from "../execution/outcome.ts";
import type { ResponseHead, ResponseSink } from "../execution/response-sink.ts";
import { EventFrame } from "../wire/event-frame.ts";
import { type Exchange, onWritten } from "./exchange.ts";

const PAYLOAD_CHUNK = new EventFrame({
  ":message-type": "event",
  ":event-type": "PayloadChunk",
  ":content-type": "application/octet-stream",
});
const INVOKE_COMPLETE = new EventFrame({
  ":message-type": "event",
  ":event-type": "InvokeComplete",
  ":content-type": "application/json",
});
/** A larger payload is not copied into its frame. */
const COPY_BYTES = 4096;
/** No event is larger: clients hold each whole. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

export class EventStreamSink implements ResponseSink {
  readonly #exchange: Exchange;
  readonly #traceId: string;
  #isStarted = false;

  constructor(exchange: Exchange, traceId: string) {
    this.#exchange = exchange;
    this.#traceId = traceId;
  }

  get isClosed(): boolean {
    return this.#exchange.isAbandoned;
  }

  onDrain(listener: () => void): void {
    this.#exchange.onDrain(listener);
  }

  start({ executedVersion }: Pick<ResponseHead, "executedVersion">): void {
    this.#isStarted = true;
    this.#exchange.begin(200, [
      "Content-Type",
      "application/vnd.amazon.eventstream",
      "x-amzn-RequestId",
      this.#exchange.requestId,
      "X-Amz-Executed-Version",
      executedVersion,
      "X-Amzn-Trace-Id",
      this.#traceId,
    ]);
  }

  write(chunk: Buffer, onDone?: () => void): boolean {
    let takesMore = true;
    for (let from = 0; from < chunk.length; from += MAX_PAYLOAD_BYTES) {
      const isLast = from + MAX_PAYLOAD_BYTES >= chunk.length;
      takesMore = this.#writeFrame(chunk.subarray(from, from + MAX_PAYLOAD_BYTES), isLast ? onDone : undefined);
    }
    return takesMore;
  }

  #writeFrame(payload: Buffer, onDone?: () => void): boolean {
    if (this.isClosed) return true;
    const { response } = this.#exchange;
    if (payload.length <= COPY_BYTES) return response.write(PAYLOAD_CHUNK.encode(payload), onWritten(onDone));
    const { before, behind } = PAYLOAD_CHUNK.around(payload);
    response.write(before);
    response.write(payload);
    return response.write(behind, onWritten(onDone));
  }

  /** The invocation is over: its last event, and the end. An answer that failed before its first byte is only this. */
  complete(outcome: Outcome, withLog: boolean): void {
    if (!this.#isStarted) this.start(outcome);
    if (this.isClosed) return;
    const event = {
      ...(outcome.functionError !== undefined && {
        ErrorCode: outcome.functionError,
        ErrorDetails: outcome.payload.toString(),
      }),
      ...(withLog && { LogResult: outcome.logTail.toString("base64") }),
    };
    this.#exchange.response.end(INVOKE_COMPLETE.encode(Buffer.from(JSON.stringify(event))));
  }

  /** A fault of ours amid the answer: a connection that breaks is the only way left to tell. */
  breakOff(): void {
    if (this.#isStarted) this.#exchange.abandon();
  }
}
