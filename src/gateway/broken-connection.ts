/**
 * What came over a connection is not HTTP, or did not come in time: answer once, in AWS's shape, and close. Written by
 * hand because there is no request to respond to.
 */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

const LINGER_MS = 1_000;

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const MALFORMED: Answer = { status: 400, code: "InvalidRequestException", message: "The request is not valid HTTP" };

/** By the codes of Node's parser and server. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: "RequestHeadersTooLargeException",
    message: "The request's head is too large",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: "RequestEntityTooLargeException",
    message: "The chunk extensions of the request's body are too large",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "RequestTimeoutException",
    message: "The request did not arrive in time",
  },
};

/** Connections that broke. Each is answered at most once, and closed. */
export class BrokenConnections {
  readonly #closing = new WeakSet<Duplex>();
  readonly #spent = new WeakSet<Duplex>();

  /** The connection's latest request was answered before it had arrived whole: what breaks there is not told twice. */
  spend(socket: Duplex): void {
    this.#spent.add(socket);
  }

  answer(error: Error & { code?: string }, socket: Duplex): void {
    if (this.#closing.has(socket)) return;
    this.#closing.add(socket);
    if (!socket.writable || error.code === "ECONNRESET" || error.code === "EPIPE") {
      socket.destroy();
      return;
    }
    socket.end(this.#spent.has(socket) ? "" : render((error.code && ANSWERS[error.code]) || MALFORMED));
    // What is still arriving is read away for a moment: closing at once would reset the connection under the answer.
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.on("end", () => socket.destroy());
    socket.resume();
  }
}

function render({ status, code, message }: Answer): string {
  const body = JSON.stringify({ __type: code, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-amzn-RequestId: ${randomUUID()}`,
    `x-amzn-ErrorType: ${code}`,
    "Connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
