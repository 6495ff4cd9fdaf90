/**
 * One HTTP/1.1 connection from inside a sandbox. Hand-made because it is the hot path (limits.md §2: half the cost of
 * node:http), and because its peer is untrusted: heads and bodies are bounded, answers keep the order of requests, and
 * whatever is not HTTP ends the connection. Knows nothing of the Runtime API's paths.
 */
import type { Socket } from "node:net";
import type { BodyBudget } from "../body-budget.ts";
import { ReadBlock } from "../body-memory.ts";
import { LARGE_BYTES, type LargeBodies, type Turn } from "../large-bodies.ts";
import { Body, type BodyReceiver } from "./body.ts";
import { type Head, type Headers, parseHead, parseHeaders } from "./head.ts";
import type { RequestHandler, Responder, RuntimeRequest } from "./request.ts";
import type { StreamedBody } from "./streamed-body.ts";

const MAX_HEAD_BYTES = 65_536;
const ONE_WRITE_BYTES = 16_384;
const HEAD_END = Buffer.from("\r\n\r\n");
const CRLF = Buffer.from("\r\n");
/** Hexadecimal digits, and extensions that mean nothing here. */
const CHUNK_SIZE = /^([0-9a-fA-F]+)[ \t]*(?:;|$)/;
const RESPONSE_MODE = "lambda-runtime-function-response-mode";
const NO_HEADERS: Headers = Object.freeze({});

interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  trailers: Headers;
  /** Bytes still to come of a body with a length; undefined for a chunked one. */
  readonly length: number | undefined;
  readonly body: BodyReceiver;
  readonly streamed: StreamedBody | undefined;
  /** Bytes of the current chunk still to come. */
  chunkLeft: number;
  /** The current chunk's closing CRLF is still to come. */
  chunkOpen: boolean;
}

/** Its own responder: one request at a time is being answered. */
export class Connection implements Responder {
  readonly #socket: Socket;
  readonly #handler: RequestHandler;
  readonly #largeBodies: LargeBodies;
  readonly #maxBodyBytes: number;
  readonly #budget: BodyBudget;
  #pending: Buffer | undefined;
  /** What #pending is the rest of, while the body is one whose bytes go on, or are copied. */
  #block: ReadBlock | undefined;
  #incoming: Incoming | undefined;
  /** A request was handed on and not answered yet: later ones wait, so that answers keep their order. */
  #answering = false;
  /** Answers given from inside a handler do not recurse: a peer that pipelines thousands cannot exhaust the stack. */
  #advancing = false;
  /** An answer that waits for the next one: a runtime that has already sent its next request is not woken twice. */
  #held: Buffer | undefined;
  /** Every `next` of a runtime has the same head to the letter: it is taken apart once. */
  #lastHead: Head | undefined;
  /** The current body's receiver takes no more for now. */
  #isBlocked = false;
  /** The peer has said all that it will. */
  #hasEnded = false;
  /** The current body is a large one. */
  #turn: Turn | undefined;
  #closed = false;

  constructor(
    socket: Socket,
    maxBodyBytes: number,
    budget: BodyBudget,
    largeBodies: LargeBodies,
    handler: RequestHandler,
  ) {
    this.#socket = socket;
    this.#maxBodyBytes = maxBodyBytes;
    this.#budget = budget;
    this.#largeBodies = largeBodies;
    this.#handler = handler;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#onEnd();
    });
    socket.on("drain", () => this.#advance());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#closed = true;
      this.#incoming?.body.discard();
      this.#turn?.leave();
    });
  }

  get alive(): boolean {
    return !this.#closed;
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    this.#pending = this.#pending ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#block?.done();
    this.#block = this.#incoming && new ReadBlock(this.#pending);
    this.#advance();
  }

  /** Work through what has arrived, until it ends in the middle of something or a request must be answered first. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while ((this.#pending || this.#isBodyless()) && this.#mayHandle()) {
      if (!this.#incoming && !this.#readHead()) break;
      if (this.#isBlocked) break;
      const incoming = this.#incoming;
      if (!incoming || !this.#readBody(incoming)) break;
      this.#incoming = undefined;
      this.#dispatch(incoming, incoming.body.tooLarge ? "too-large" : "whole");
    }
    this.#advancing = false;
    if (this.#held && !this.#answering) this.#release();
    this.#guardBacklog();
    if (this.#hasEnded) this.#onEnd();
  }

  /** One request at a time, and none while the peer does not read the answers that it has got already. */
  #mayHandle(): boolean {
    return !this.#answering && !this.#isBlocked && !this.#closed && !this.#socket.writableNeedDrain;
  }

  #isBodyless(): boolean {
    return this.#incoming?.length === 0;
  }

  /** A peer that sends without waiting for answers may not fill our memory: what cannot be handled yet stays with it. */
  #guardBacklog(): void {
    const backlog = this.#pending?.length ?? 0;
    if (backlog > MAX_HEAD_BYTES && this.#mayHandle()) return void this.#reject("431 Request Header Fields Too Large");
    if (backlog > MAX_HEAD_BYTES || this.#isBlocked) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #readHead(): boolean {
    const data = this.#pending as Buffer;
    const end = data.indexOf(HEAD_END);
    if (end < 0) return false;
    if (end > MAX_HEAD_BYTES) return this.#reject("431 Request Header Fields Too Large");
    const text = data.toString("latin1", 0, end);
    this.#drop(end + 4);
    const head = text === this.#lastHead?.text ? this.#lastHead : parseHead(text);
    if (!head) return this.#reject("400 Bad Request");
    const { method, path, headers } = head;
    const chunked = headers["transfer-encoding"]?.toLowerCase() === "chunked";
    const length = chunked ? undefined : Number(headers["content-length"] ?? "0");
    if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) return this.#reject("400 Bad Request");
    if (length === 0) this.#lastHead = head;
    if (headers.expect?.toLowerCase() === "100-continue") this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    const streamed = headers[RESPONSE_MODE] === undefined ? undefined : this.#openStream(head);
    const body = streamed ?? new Body(this.#maxBodyBytes, this.#budget, length);
    if (length !== undefined && length > LARGE_BYTES && !streamed) this.#awaitTurn();
    const trailers = NO_HEADERS;
    this.#incoming = { method, path, headers, trailers, length, body, streamed, chunkLeft: 0, chunkOpen: false };
    return true;
  }

  #openStream({ method, path, headers }: Head): StreamedBody | undefined {
    const streamed = this.#handler.stream(method, path, headers);
    streamed?.stream.onReady(() => {
      this.#isBlocked = false;
      this.#advance();
    });
    return streamed;
  }

  /** A body of megabytes is not read before there is room for one more. */
  #awaitTurn(): void {
    this.#turn = this.#largeBodies.enter(() => {
      if (!this.#isBlocked) return;
      this.#isBlocked = false;
      this.#advance();
    });
    this.#isBlocked = !this.#turn.hasCome;
  }

  #take(incoming: Incoming, bytes: Buffer): void {
    this.#drop(bytes.length);
    if (!incoming.body.add(bytes, this.#block?.use())) this.#isBlocked = true;
    // One of undeclared length has turned out to be large: its rest waits.
    else if (!this.#turn && !incoming.streamed && incoming.body.received > LARGE_BYTES) this.#awaitTurn();
    if (this.#pending) return;
    this.#block?.done();
    this.#block = undefined;
  }

  /** @returns true when the body is complete */
  #readBody(incoming: Incoming): boolean {
    return incoming.length === undefined ? this.#readChunks(incoming) : this.#readLength(incoming, incoming.length);
  }

  #readLength(incoming: Incoming, length: number): boolean {
    const missing = length - incoming.body.received;
    if (missing === 0) return true;
    const data = this.#pending;
    if (!data) return false;
    this.#take(incoming, data.length > missing ? data.subarray(0, missing) : data);
    return incoming.body.received === length;
  }

  /** A chunk's bytes are taken as they come: a large chunk is never assembled twice. */
  #readChunks(incoming: Incoming): boolean {
    while (this.#pending && !this.#isBlocked) {
      const data = this.#pending;
      if (incoming.chunkLeft > 0) {
        const take = data.subarray(0, incoming.chunkLeft);
        incoming.chunkLeft -= take.length;
        if (incoming.chunkLeft === 0) incoming.chunkOpen = true;
        this.#take(incoming, take);
        continue;
      }
      const lineEnd = data.indexOf(CRLF);
      if (lineEnd < 0) return false;
      if (incoming.chunkOpen) {
        if (lineEnd > 0) return this.#reject("400 Bad Request");
        incoming.chunkOpen = false;
        this.#drop(lineEnd + 2);
        continue;
      }
      const [, digits] = CHUNK_SIZE.exec(data.toString("latin1", 0, lineEnd)) ?? [];
      const size = Number.parseInt(digits ?? "", 16);
      if (!Number.isSafeInteger(size)) return this.#reject("400 Bad Request");
      if (size === 0) return this.#readTrailers(incoming, data, lineEnd + 2);
      incoming.chunkLeft = size;
      this.#drop(lineEnd + 2);
    }
    return false;
  }

  #readTrailers(incoming: Incoming, data: Buffer, from: number): boolean {
    const direct = data.length >= from + 2 && data[from] === 13;
    const end = direct ? from - 2 : data.indexOf(HEAD_END, from);
    if (end < 0 || data.length < from + 2) return false;
    const trailers = direct ? NO_HEADERS : parseHeaders(data.toString("latin1", from, end));
    if (!trailers) return this.#reject("400 Bad Request");
    incoming.trailers = trailers;
    this.#drop(direct ? from + 2 : end + 4);
    return true;
  }

  #drop(bytes: number): void {
    const data = this.#pending as Buffer;
    this.#pending = bytes < data.length ? data.subarray(bytes) : undefined;
  }

  #dispatch(incoming: Incoming, bodyState: RuntimeRequest["bodyState"]): void {
    const { method, path, headers, trailers, streamed } = incoming;
    const body = incoming.body.take();
    this.#answering = true;
    this.#isBlocked = false;
    const turn = this.#turn;
    this.#turn = undefined;
    this.#handler.handle({ method, path, headers, trailers, body, turn, streamed, bodyState }, this);
    if (!turn?.isKept) turn?.leave();
  }

  send(head: string, body: Buffer, mayWait = false, onSent?: () => void): void {
    if (this.#closed) return onSent?.();
    this.#answering = false;
    const text = `${head}content-length: ${body.length}\r\n\r\n`;
    if (body.length > ONE_WRITE_BYTES) {
      this.#release();
      this.#socket.cork();
      this.#socket.write(text);
      this.#socket.write(body, onSent);
      this.#socket.uncork();
    } else {
      onSent?.();
      const packet = this.#packet(text, body);
      if (mayWait && this.#pending) this.#held = packet;
      else this.#socket.write(packet);
    }
    if (this.#pending) this.#advance();
  }

  /** One buffer, one write: cheaper than writev for what most events are. What was held goes first. */
  #packet(text: string, body: Buffer): Buffer {
    const held = this.#held;
    this.#held = undefined;
    const heldBytes = held?.length ?? 0;
    const headBytes = Buffer.byteLength(text);
    const packet = Buffer.allocUnsafe(heldBytes + headBytes + body.length);
    if (held) packet.set(held);
    packet.write(text, heldBytes, "utf8");
    packet.set(body, heldBytes + headBytes);
    return packet;
  }

  #release(): void {
    if (!this.#held) return;
    this.#socket.write(this.#held);
    this.#held = undefined;
  }

  /** What came before the end is worked through first. */
  #onEnd(): void {
    if (this.#isBlocked) return;
    const incoming = this.#incoming;
    if (incoming) {
      this.#incoming = undefined;
      this.#dispatch(incoming, "truncated");
    }
    this.#socket.end();
  }

  #reject(status: string): false {
    this.#pending = undefined;
    this.#closed = true;
    const answer = `HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
    this.#socket.end(answer, () => this.#socket.destroy());
    return false;
  }
}
