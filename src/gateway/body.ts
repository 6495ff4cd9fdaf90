/** Reading request bodies: never past the limit, never for a caller who is gone, and the polite way not to read one. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BodyBudget } from "../execution/body-budget.ts";
import { release } from "../execution/body-memory.ts";
import { LARGE_BYTES } from "../execution/large-bodies.ts";

/** How much of an unwanted body is read away, so that the caller sees our answer instead of a reset connection. */
const DRAIN_BYTES = 16 * 1024 * 1024;
const DRAIN_MS = 5_000;
/** An unwanted body this small is read away and the connection kept. */
const KEEP_BYTES = 65_536;

/** The caller went away (or sent something that is not HTTP any more) before the body was complete. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The body has more bytes than the limit. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
  /** As declared, or for bodies of undeclared length as many as had come. */
  readonly bytes: number;

  constructor(bytes: number) {
    super(`body of ${bytes} bytes`);
    this.bytes = bytes;
  }
}

/** Callers who have not proved yet who they are already hold as much of our memory as they may. */
export class BodyBudgetSpent extends Error {
  override readonly name = "BodyBudgetSpent";
}

/** Content-Length, or undefined for bodies of undeclared length. */
export function declaredBytes(request: IncomingMessage): number | undefined {
  const text = request.headers["content-length"];
  if (text !== undefined) return Number(text);
  return request.headers["transfer-encoding"] === undefined ? 0 : undefined;
}

interface Reading {
  /** bytes */
  readonly limit: number;
  /** What the body counts against while it comes in; absent for callers whose signature is verified. */
  readonly budget?: BodyBudget | undefined;
  /** Called when the body is really wanted: where 100 Continue is sent. */
  readonly beforeReading?: (() => void) | undefined;
  /** Called when a body of undeclared length has turned out to be large: its rest is read when the promise resolves. */
  readonly onLarge?: (() => Promise<void>) | undefined;
}

/**
 * The whole body.
 * @throws BodyTooLarge before reading when the length is declared, else one byte after the limit; BodyBudgetSpent;
 * ConnectionLost
 */
export function readBody(
  request: IncomingMessage,
  { limit, budget, beforeReading, onLarge }: Reading,
): Promise<Buffer> {
  const declared = declaredBytes(request);
  if (declared !== undefined && declared > limit) return Promise.reject(new BodyTooLarge(declared));
  // It had to wait for its turn, and its caller did not.
  if (request.destroyed)
    return Promise.reject(new ConnectionLost("the connection was closed before the request's body"));
  return new Promise<Buffer>((resolve, reject) => {
    // The listeners live as long as the request: what they have read must not.
    let chunks: Buffer[] = [];
    // A large body gets its room at once, or it would be there twice.
    let whole = declared !== undefined && declared > LARGE_BYTES ? Buffer.allocUnsafeSlow(declared) : undefined;
    let bytes = 0;
    let taken = 0;
    const giveBack = (): void => {
      budget?.giveBack(taken);
      taken = 0;
    };
    const refuse = (error: Error): void => {
      request.off("data", onData);
      request.pause();
      chunks = [];
      whole = undefined;
      giveBack();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limit) return refuse(new BodyTooLarge(bytes));
      if (budget?.take(chunk.length) === false) return refuse(new BodyBudgetSpent("no room for the request's body"));
      taken += chunk.length;
      if (whole === undefined) chunks.push(chunk);
      else {
        chunk.copy(whole, bytes - chunk.length);
        release(chunk);
      }
      if (declared === undefined && bytes > LARGE_BYTES && bytes - chunk.length <= LARGE_BYTES && onLarge) {
        request.pause();
        void onLarge().then(() => request.resume());
      }
    };
    request.on("data", onData);
    request.on("end", () => {
      giveBack();
      resolve(whole ?? (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
      chunks = [];
      whole = undefined;
    });
    request.on("error", () => reject(new ConnectionLost("the connection was lost within the request's body")));
    request.on("close", () => {
      giveBack();
      // Every request closes in the end; an Error for each would cost more than the rest of its reading.
      if (!request.readableEnded) reject(new ConnectionLost("the connection was closed within the request's body"));
    });
    beforeReading?.();
  });
}

/** Can the connection serve another request after this one's body is read away? */
export function canKeepConnection(request: IncomingMessage, awaitsContinue: boolean): boolean {
  if (request.complete) return true;
  const declared = declaredBytes(request);
  return !awaitsContinue && declared !== undefined && declared <= KEEP_BYTES;
}

/**
 * End a response that is already written, on a connection whose request has body left: read a bounded amount of it
 * away first, because closing a socket with unread data resets it and may destroy the answer on its way.
 */
export function drainThenEnd(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, DRAIN_MS);
  timer.unref();
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DRAIN_BYTES) finish();
  });
  request.on("end", finish);
  request.on("error", finish);
  request.on("close", finish);
  request.resume();
}
