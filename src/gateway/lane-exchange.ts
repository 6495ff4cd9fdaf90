/** One plain invoke on a connection of the invoke lane, and its one answer, written as HTTP/1.1 by hand. */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { WireResponse, WireService } from "../wire/service.ts";
import type { ServiceError } from "../wire/service-error.ts";
import { answerHeaders, type InvokeExchange } from "./exchange.ts";
import { plainError } from "./plain-error.ts";

/** A larger body costs more to turn into text than a second write does. */
const ONE_WRITE_BYTES = 16_384;

export interface LaneRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** In whose protocol errors are told. */
  readonly service: WireService | undefined;
  readonly keepAliveMs: number;
  /** Asked when the answer goes out: no further request is wanted. */
  readonly isLast: () => boolean;
}

export class LaneExchange implements InvokeExchange {
  requestId: string = randomUUID();
  extraHeaders: readonly string[] = [];
  /** The answer was the last on its connection. */
  wasLast = false;
  readonly #socket: Socket;
  readonly #request: LaneRequest;
  #isAnswered = false;

  constructor(socket: Socket, request: LaneRequest) {
    this.#socket = socket;
    this.#request = request;
  }

  /** All of it is here already, and within every limit. */
  readBody(): Promise<Buffer> {
    return Promise.resolve(this.#request.body);
  }

  fail(error: ServiceError): void {
    const { service, headers } = this.#request;
    const answer: WireResponse =
      service?.renderError(error, this.requestId) ?? plainError(error, headers, this.requestId);
    if (!Buffer.isBuffer(answer.body)) throw new Error("errors are never streamed");
    this.send(answer.status, answerHeaders(answer, this.requestId), answer.body);
  }

  send(status: number, headers: string[], body: Buffer, onDone?: () => void): void {
    if (this.#isAnswered) return onDone?.();
    this.#isAnswered = true;
    const socket = this.#socket;
    if (socket.destroyed) return onDone?.();
    this.wasLast = this.#request.isLast();
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += headerLine(headers[i] as string, headers[i + 1] as string);
    const { extraHeaders } = this;
    for (let i = 0; i < extraHeaders.length; i += 2) {
      head += headerLine(extraHeaders[i] as string, extraHeaders[i + 1] as string);
    }
    head += this.wasLast
      ? `Date: ${httpDate()}\r\nConnection: close\r\n\r\n`
      : `Date: ${httpDate()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.#request.keepAliveMs / 1000)}\r\n\r\n`;
    if (body.length <= ONE_WRITE_BYTES) {
      // Latin-1 text is the bytes as they are, and one write.
      socket.write(head + body.toString("latin1"), "latin1");
      onDone?.();
    } else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body, onDone);
      socket.uncork();
    }
    if (this.wasLast) socket.end();
  }

  /** No answer can be written. */
  abandon(): void {
    this.#socket.destroy();
  }
}

function headerLine(name: string, value: string): string {
  // What a function or a caller had a hand in must not become a header of its own.
  if (/[\r\n\0]/.test(value)) throw new Error(`the header ${name} has a line break in it`);
  return `${name}: ${value}\r\n`;
}

let dateText = "";
let dateSecond = 0;

/** IMF-fixdate, made once a second. */
function httpDate(): string {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(nowMs).toUTCString();
  }
  return dateText;
}
