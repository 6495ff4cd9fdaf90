/**
 * The answer of a function behind a URL with InvokeMode RESPONSE_STREAM, on its way to the client as it comes. A stream of
 * the content type for HTTP integrations begins with a prelude: the response's head as JSON, then eight NULs. A function
 * that does not stream is answered for as with BUFFERED.
 */
import type { Outcome } from "../../execution/outcome.ts";
import type { ResponseHead, ResponseSink } from "../../execution/response-sink.ts";
import { answerOf, type FunctionAnswer } from "../../wire/http-integration/answer.ts";
import { Prelude, WITH_PRELUDE } from "../../wire/http-integration/prelude.ts";
import { type AnswerHead, MalformedAnswer } from "../../wire/http-integration/response-headers.ts";
import { type Exchange, onWritten } from "../exchange.ts";

const DEFAULT_TYPE = "application/octet-stream";
/** A runtime may name anything as the type of its stream. */
const NO_HEADER_TEXT = /[^\t\x20-\x7e\x80-\xff]/;

type Phase = "waiting" | "whole" | "prelude" | "body" | "malformed";

export class StreamedAnswer implements ResponseSink {
  readonly #exchange: Exchange;
  /** Names and values that go with every answer of the URL. */
  readonly #headers: readonly string[];
  readonly #ownsCors: boolean;
  #phase: Phase = "waiting";
  readonly #prelude: Prelude;
  /** Of a whole document. */
  #held: Buffer[] = [];

  constructor(exchange: Exchange, headers: readonly string[], ownsCors: boolean) {
    this.#exchange = exchange;
    this.#headers = headers;
    this.#ownsCors = ownsCors;
    this.#prelude = new Prelude(ownsCors);
  }

  get isClosed(): boolean {
    return this.#exchange.isAbandoned;
  }

  onDrain(listener: () => void): void {
    this.#exchange.onDrain(listener);
  }

  start({ contentType, isStreamed }: ResponseHead): void {
    if (!isStreamed) this.#phase = "whole";
    else if (contentType.split(";", 1)[0]?.trim().toLowerCase() === WITH_PRELUDE) this.#phase = "prelude";
    else if (NO_HEADER_TEXT.test(contentType)) this.#giveUp();
    else this.#begin({ status: 200, headers: ["Content-Type", contentType], hasType: true });
  }

  write(chunk: Buffer, onDone?: () => void): boolean {
    if (this.isClosed) return true;
    if (this.#phase === "body") return this.#exchange.response.write(chunk, onWritten(onDone));
    if (this.#phase === "malformed") return true;
    if (this.#phase === "prelude") return this.#readPrelude(chunk);
    this.#held.push(chunk);
    return true;
  }

  /**
   * The function is done, and this is what became of it.
   * @returns the whole response where none of it has gone out
   * @throws MalformedAnswer when none has gone out and there is none to be made
   */
  end(outcome: Outcome): FunctionAnswer | undefined {
    if (this.#phase === "body") {
      // What has gone out cannot be taken back: cutting it off is the only way left to tell that it is not whole.
      if (outcome.functionError === undefined) this.#exchange.response.end();
      else this.#exchange.abandon();
      return undefined;
    }
    if (outcome.functionError !== undefined) throw new MalformedAnswer(outcome.errorType ?? outcome.kind);
    if (this.#phase === "whole") return answerOf(Buffer.concat(this.#held), this.#ownsCors);
    if (this.#phase === "waiting") return answerOf(outcome.payload, this.#ownsCors);
    throw new MalformedAnswer("the stream has no prelude");
  }

  /** A fault of ours: what has gone out is not whole. */
  breakOff(): void {
    if (this.#phase === "body") this.#exchange.abandon();
  }

  #readPrelude(chunk: Buffer): boolean {
    const read = this.#prelude.read(chunk);
    if (read === undefined) return true;
    if (read === "malformed") {
      this.#giveUp();
      return true;
    }
    this.#begin(read.head);
    return read.rest.length === 0 || this.#exchange.response.write(read.rest);
  }

  #giveUp(): void {
    this.#phase = "malformed";
    this.#held = [];
  }

  #begin({ status, headers, hasType }: AnswerHead): void {
    this.#phase = "body";
    const type = hasType ? [] : ["Content-Type", DEFAULT_TYPE];
    this.#exchange.begin(status, [...type, ...headers, ...this.#headers]);
  }
}
