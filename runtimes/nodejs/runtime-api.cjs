/**
 * Client of the Runtime API on a raw socket: just the HTTP/1.1 that it needs. An answer and the request for the next
 * invocation leave in one write, which halves the round trips of a warm invocation (limits.md §2).
 */
"use strict";
const net = require("node:net");
const { ResponseReader } = require("./http.cjs");

const BASE = "/2018-06-01/runtime";
const READ_BYTES = 65_536;
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";
const MAX_TRAILER_CHARACTERS = 16_384;
const MAX_MESSAGE_CHARACTERS = 4_096;

class RuntimeApi {
  #target;
  #host;
  #next;
  #socket;
  #reader;
  /** What to do with the answers to come, in the order of the requests. */
  #expected = [];
  #onInvocation;

  constructor(env) {
    const address = env.AWS_LAMBDA_RUNTIME_API ?? "127.0.0.1:9001";
    const colon = address.lastIndexOf(":");
    this.#target = env.ALONZO_RUNTIME_API_SOCKET
      ? { path: env.ALONZO_RUNTIME_API_SOCKET }
      : { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
    this.#host = address;
    this.#next = `GET ${BASE}/invocation/next HTTP/1.1\r\nHost: ${address}\r\n\r\n`;
    this.#connect();
  }

  /** Ask for the first invocation. Every later one is asked for together with an answer. */
  start(onInvocation) {
    this.#onInvocation = onInvocation;
    this.#send(this.#next, [this.#invocation]);
  }

  /** @param {string} body JSON text */
  respond(requestId, body) {
    const head = this.#post(`/invocation/${requestId}/response`, body, "");
    this.#send(head + body + this.#next, [this.#accepted, this.#invocation]);
  }

  /** Ask for the next invocation, where the answer to the last went by itself. */
  next() {
    this.#send(this.#next, [this.#invocation]);
  }

  /** While an answer may be streamed the wait for its end is work: the process does not end over it. */
  hold() {
    this.#socket?.ref();
  }

  /** Begin a streamed answer: sendChunks() and endStream() follow. */
  openStream(requestId, contentType) {
    this.#send(
      `POST ${BASE}/invocation/${requestId}/response HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: ${contentType}\r\n` +
        "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n" +
        `Trailer: ${ERROR_TYPE}, ${ERROR_BODY}\r\n\r\n`,
      [],
    );
  }

  /** @param done called when the platform has taken them from us: it takes no more than its caller does */
  sendChunks(chunks, done) {
    const socket = this.#socket;
    if (socket === undefined || chunks.length === 0) return done();
    socket.cork();
    for (const chunk of chunks) {
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      socket.write("\r\n", chunk === chunks.at(-1) ? done : undefined);
    }
    socket.uncork();
  }

  /** @param payload the document of the error that broke the stream off; undefined at its good end */
  endStream(payload, done) {
    const trailers = payload === undefined ? "" : errorTrailers(payload);
    const accepted = (response) => {
      this.#accepted(response);
      done();
    };
    this.#send(`0\r\n${trailers}\r\n`, [accepted]);
  }

  fail(requestId, payload) {
    const text = this.#errorRequest(`/invocation/${requestId}/error`, payload);
    this.#send(text + this.#next, [this.#accepted, this.#invocation]);
  }

  /** Report an error after which the process ends. */
  lastError(requestId, payload, done) {
    this.#send(this.#errorRequest(`/invocation/${requestId}/error`, payload), [done]);
  }

  initError(payload, done) {
    this.#send(this.#errorRequest("/init/error", payload), [done]);
  }

  #post(path, body, headers) {
    const length = Buffer.byteLength(body);
    return `POST ${BASE}${path} HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n`;
  }

  #errorRequest(path, payload) {
    const body = JSON.stringify(payload);
    return this.#post(path, body, `${ERROR_TYPE}: ${typeOf(payload)}\r\n`) + body;
  }

  #send(text, expected) {
    if (this.#socket === undefined) this.#connect();
    this.#expected.push(...expected);
    this.#socket.ref();
    this.#socket.write(text);
  }

  #invocation = (response) => {
    if (response.status !== 200) return this.#refused(response);
    // While the handler runs, only its own work keeps the event loop alive: that is how its end is noticed.
    this.#socket.unref();
    this.#onInvocation(response.headers, response.body);
  };

  #accepted = (response) => {
    // 413: the platform has told the caller; this environment goes on.
    if (response.status === 202 || response.status === 413) return;
    // 400: answered before, by the function itself perhaps. The wait that left with the answer holds all the same.
    if (response.status === 400) return tellRefused(response);
    this.#refused(response);
  };

  #refused(response) {
    tellRefused(response);
    process.exit(1);
  }

  #connect() {
    const reader = new ResponseReader((response) => this.#expected.shift()?.(response));
    // One buffer for all that comes, read past the stream: a new one for each read costs more than the reading.
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (size, bytes) => {
        reader.push(bytes.subarray(0, size));
        return true;
      },
    };
    const socket = net.connect({ ...this.#target, onread });
    if (this.#target.path === undefined) socket.setNoDelay(true);
    socket.unref();
    socket.on("error", (error) => process.stderr.write(`The Runtime API is unreachable: ${error.message}\n`));
    socket.on("close", (hadError) => this.#closed(hadError));
    this.#socket = socket;
    this.#reader = reader;
  }

  /** A server may close after refusing a body that is too large: the wait for the next invocation is taken up again. */
  #closed(hadError) {
    this.#socket = undefined;
    const waiting = this.#expected;
    this.#expected = [];
    if (waiting.length === 0) return;
    if (!this.#reader.sawResponse || waiting.at(-1) !== this.#invocation) process.exit(hadError ? 1 : 0);
    this.#send(this.#next, [this.#invocation]);
  }
}

function tellRefused({ status, body }) {
  process.stderr.write(`The Runtime API answered ${status}: ${body}\n`);
}

function typeOf({ errorType }) {
  return String(errorType).replace(/[^\x21-\x7e]/g, "?");
}

/** What came behind the body must not be larger than what may come before it: a trace too long is left out. */
function errorTrailers(payload) {
  let document = JSON.stringify(payload);
  if (document.length > MAX_TRAILER_CHARACTERS) {
    const errorMessage = String(payload.errorMessage).slice(0, MAX_MESSAGE_CHARACTERS);
    document = JSON.stringify({ errorType: typeOf(payload), errorMessage, trace: [] });
  }
  return `${ERROR_TYPE}: ${typeOf(payload)}\r\n${ERROR_BODY}: ${Buffer.from(document).toString("base64")}\r\n`;
}

module.exports = { RuntimeApi };
