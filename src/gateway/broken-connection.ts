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

/** Who may still be answered: sockets that broke once are not answered again. */
export class BrokenConnections {
  readonly #answered = new WeakSet<Duplex>();

  /** @param canAnswer false when the other side is gone */
  answer(error: Error & { code?: string }, socket: Duplex, canAnswer: boolean): void {
    if (this.#answered.has(socket)) return;
    this.#answered.add(socket);
    if (!canAnswer || !socket.writable) {
      socket.destroy();
      return;
    }
    const { status, code, message } = (error.code && ANSWERS[error.code]) || MALFORMED;
    const body = JSON.stringify({ __type: code, message });
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nx-amzn-RequestId: ${randomUUID()}\r\nx-amzn-ErrorType: ${code}\r\nConnection: close\r\n\r\n${body}`,
    );
    // What is still arriving is read away for a moment: closing at once would reset the connection under the answer.
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.on("end", () => socket.destroy());
    socket.resume();
  }
}
