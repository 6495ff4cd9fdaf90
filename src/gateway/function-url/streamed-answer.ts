/**
 * The answer of a function behind a URL with InvokeMode RESPONSE_STREAM, on its way to the client as it comes. A stream of
 * the content type for HTTP integrations begins with a prelude: the response's head as JSON, then eight NULs. A function
 * that does not stream is answered for as with BUFFERED.
 */
import type { Outcome } from "../../execution/outcome.ts";
import type { ResponseHead, ResponseSink } from "../../execution/response-sink.ts";
import { answerOf, type FunctionAnswer } from "../../wire/http-integration/answer.ts";
import { type AnswerHead, answerHead, MalformedAnswer } from "../../wire/http-integration/response-headers.ts";
import { type Exchange, onWritten } from "../exchange.ts";

const WITH_PRELUDE = "application/vnd.awslambda.http-integration-response";
const DEFAULT_TYPE = "application/octet-stream";
/** NULs between the prelude and the body */
const DELIMITER_BYTES = 8;
/** bytes: far more than any head that a client would accept */
const MAX_PRELUDE_BYTES = 1024 * 1024;
/** A runtime may name anything as the type of its stream. */
const NO_HEADER_TEXT = /[^\t\x20-\x7e\x80-\xff]/;

type Phase = "waiting" | "whole" | "prelude" | "body" | "malformed";

export class StreamedAnswer implements ResponseSink {
  readonly #exchange: Exchange;
  /** Names and values that go with every answer of the URL. */
  readonly #headers: readonly string[];
  readonly #ownsCors: boolean;
  #phase: Phase = "waiting";
  /** Of a whole document, or of the prelude until it is complete. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Consecutive NULs at the end of what is held. */
  #nuls = 0;

  constructor(exchange: Exchange, headers: readonly string[], ownsCors: boolean) {
    this.#exchange = exchange;
    this.#headers = headers;
    this.#ownsCors = ownsCors;
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
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    return this.#phase === "whole" || this.#readPrelude(chunk);
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

  /** Each byte is looked at once, however small the pieces are in which a function sends them. */
  #readPrelude(chunk: Buffer): boolean {
    const end = this.#delimiterEnd(chunk);
    if (end === undefined) {
      if (this.#heldBytes > MAX_PRELUDE_BYTES) this.#giveUp();
      return true;
    }
    const json = Buffer.concat(this.#held, this.#heldBytes - chunk.length + end - DELIMITER_BYTES);
    const head = preludeHead(json, this.#ownsCors);
    this.#held = [];
    if (head === undefined) {
      this.#giveUp();
      return true;
    }
    this.#begin(head);
    return end === chunk.length || this.#exchange.response.write(chunk.subarray(end));
  }

  /** Where in the chunk the body begins, once the delimiter is complete. */
  #delimiterEnd(chunk: Buffer): number | undefined {
    for (let i = 0; i < chunk.length; i++) {
      this.#nuls = chunk[i] === 0 ? this.#nuls + 1 : 0;
      if (this.#nuls === DELIMITER_BYTES) return i + 1;
    }
    return undefined;
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

/** Undefined for what cannot be the head of a response. */
function preludeHead(json: Buffer, ownsCors: boolean): AnswerHead | undefined {
  try {
    const prelude = JSON.parse(json.toString()) as unknown;
    if (typeof prelude !== "object" || prelude === null) return undefined;
    return answerHead({ statusCode: 200, ...prelude }, ownsCors);
  } catch (error) {
    if (error instanceof MalformedAnswer || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
