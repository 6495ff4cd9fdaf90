/** One request and its one answer. Everything that writes to a client writes through here, whatever the answer is. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import type { BodyBudget } from "../execution/body-budget.ts";
import type { WireResponse, WireService } from "../wire/service.ts";
import type { ServiceError } from "../wire/service-error.ts";
import { BodyTooLarge, canKeepConnection, declaredBytes, drainThenEnd, readBody } from "./body.ts";
import { plainError } from "./plain-error.ts";
import type { RequestHead } from "./request-head.ts";
import { receivedBytes } from "./streamed-body.ts";

/** A larger body costs more to turn into text than a second write does. */
const ONE_WRITE_BYTES = 16_384;
const NOTHING = Buffer.alloc(0);

/** What the Invoke path needs of a request's connection. */
export interface InvokeExchange {
  requestId: string;
  /** @throws BodyTooLarge, BodyBudgetSpent, ConnectionLost */
  readBody(limit: number, budget?: BodyBudget): Promise<Buffer>;
  /**
   * @param headers names and values in turn
   * @param onDone called once, when nobody needs the body any more: it was sent, or the connection is gone
   */
  send(status: number, headers: string[], body: Buffer, onDone?: () => void): void;
}

/** How long a body may take. */
export interface BodyTimes {
  /** For one that is read whole: then the connection is broken off. */
  readonly wholeMs: number;
  readonly breakOff: () => void;
  /** For one that is read as it comes: a caller that sends nothing for so long is given up. */
  readonly stallMs: number;
}

export class Exchange implements InvokeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** UUID; the Invoke path lets the caller choose it. */
  requestId: string = randomUUID();
  /** In whose protocol errors are told; undefined until it is known which service is meant. */
  service: Pick<WireService, "renderError"> | undefined;
  /** Names and values that go with every answer: CORS. */
  extraHeaders: readonly string[] = [];
  /** No further request is wanted on this connection: the gateway drains. */
  isLast = false;
  /** The answer went out, or nobody is there to take it. */
  isAnswered = false;
  /** The work behind the answer is done. */
  isHandled = false;
  /** Called when the connection closes before the request is over: an answer written as it comes need not wait for it. */
  onAbandoned: (() => void) | undefined;
  /** Called when the body has turned out to be large, which its head did not tell: its rest waits for the promise. */
  onLargeBody: (() => Promise<void>) | undefined;
  #awaitsContinue: boolean;
  readonly #times: BodyTimes | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean, times?: BodyTimes) {
    this.request = request;
    this.response = response;
    this.#awaitsContinue = awaitsContinue;
    this.#times = times;
  }

  /**
   * @param limit bytes
   * @param budget for bodies of callers whose signature is not verified yet
   * @throws BodyTooLarge, BodyBudgetSpent, ConnectionLost
   */
  readBody(limit: number, budget?: BodyBudget): Promise<Buffer> {
    const beforeReading = this.#awaitsContinue ? () => this.#continue() : undefined;
    const body = readBody(this.request, { limit, budget, beforeReading, onLarge: this.onLargeBody });
    // What has come already needs no clock.
    if (this.request.complete || !this.#times) return body;
    const timer = setTimeout(this.#times.breakOff, this.#times.wholeMs);
    return body.finally(() => clearTimeout(timer));
  }

  /**
   * The body as it comes, and its length where it is declared.
   * @param limit bytes; whoever reads minds it where no length is declared
   * @throws BodyTooLarge
   */
  streamBody(limit: number): { readonly bytes: AsyncIterable<Buffer>; readonly length: number | undefined } {
    const length = declaredBytes(this.request);
    if (length !== undefined && length > limit) throw new BodyTooLarge(length);
    const beforeReading = this.#awaitsContinue ? () => this.#continue() : undefined;
    const stallMs = this.#times?.stallMs ?? Number.MAX_SAFE_INTEGER;
    return { bytes: receivedBytes(this.request, { beforeReading, stallMs }), length };
  }

  #continue(): void {
    this.#awaitsContinue = false;
    this.response.writeContinue();
  }

  fail(error: ServiceError): void {
    const { service, requestId, request } = this;
    this.reply(service?.renderError(error, requestId) ?? plainError(error, request.headers, requestId));
  }

  reply(answer: WireResponse): void {
    const headers = answerHeaders(answer, this.requestId);
    if (Buffer.isBuffer(answer.body)) {
      this.send(answer.status, headers, answer.body);
      return;
    }
    if (this.isLast) headers.push("Connection", "close");
    this.response.writeHead(answer.status, [...headers, ...this.extraHeaders]);
    // A source that fails midway ends the connection: the only way left to tell that the answer is not whole.
    pipeline(answer.body, this.response, () => {});
  }

  /** No answer can be written. */
  abandon(): void {
    this.response.destroy();
  }

  /** Nobody is there to take an answer. */
  get isAbandoned(): boolean {
    return this.response.destroyed || this.request.socket.destroyed;
  }

  /** Fires when the connection closes before the answer went out. */
  whenAbandoned(): AbortSignal {
    const gone = new AbortController();
    if (this.isAbandoned) gone.abort();
    this.onAbandoned = () => gone.abort();
    return gone.signal;
  }

  /** Hear when an answer that is written as it comes may go on: its reader takes more, or is gone (isAbandoned). */
  onDrain(listener: () => void): void {
    this.response.on("drain", listener);
    // What is written to a caller who goes away just then is not an error.
    this.response.on("error", () => {});
    this.onAbandoned = listener;
  }

  /** Send the head of an answer whose body is then written to `response` as it comes. @param headers names and values */
  begin(status: number, headers: readonly string[]): void {
    if (this.response.headersSent || this.response.destroyed) return;
    this.response.writeHead(status, [
      ...headers,
      ...this.extraHeaders,
      ...(this.isLast ? ["Connection", "close"] : []),
    ]);
    // Sends the head. flushHeaders() would do it in UTF-8, and headers hold bytes as Latin-1 text.
    this.response.write(NOTHING);
  }

  /** The shortest way out: headers (names and values, complete but for CORS) and a body. */
  send(status: number, headers: string[], body: Buffer, onDone?: () => void): void {
    if (this.response.headersSent || this.response.destroyed) return onDone?.();
    // Comes behind the answer's last byte, too.
    if (onDone) this.response.once("close", onDone);
    for (const text of this.extraHeaders) headers.push(text);
    const canKeep = canKeepConnection(this.request, this.#awaitsContinue);
    if (this.isLast || !canKeep) headers.push("Connection", "close");
    this.response.writeHead(status, headers);
    if (canKeep) {
      // As text Node puts head and body into one write; Latin-1 text is the bytes as they are.
      if (body.length <= ONE_WRITE_BYTES) this.response.end(body.toString("latin1"), "latin1");
      else this.response.end(body);
      return;
    }
    this.response.write(body);
    drainThenEnd(this.request, this.response);
  }
}

/** The listener of a write, for whoever is to be told when the bytes are needed no more. */
export function onWritten(onDone: (() => void) | undefined): ((error?: Error | null) => void) | undefined {
  return (
    onDone &&
    ((error) => {
      if (!error) onDone();
    })
  );
}

/** Names and values: the answer's own, the request's id, and the length of a body that is known. */
export function answerHeaders(answer: WireResponse, requestId: string): string[] {
  const headers: string[] = [];
  let hasLength = answer.status === 204 || !Buffer.isBuffer(answer.body);
  for (const [name, value] of Object.entries(answer.headers)) {
    const lower = name.toLowerCase();
    if (lower === "content-length") hasLength = true;
    if (lower !== "x-amzn-requestid") headers.push(name, value);
  }
  headers.push("x-amzn-RequestId", requestId);
  if (!hasLength && Buffer.isBuffer(answer.body)) headers.push("Content-Length", String(answer.body.length));
  return headers;
}

/** What a door handles: a request whose head is well-formed. */
export interface Call {
  readonly exchange: Exchange;
  readonly head: RequestHead;
  /** http://host:port as the caller reached us. */
  readonly endpoint: string;
}
