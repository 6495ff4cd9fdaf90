/**
 * A body that is read as it comes, by operations whose payload may be larger than memory. Whoever reads it sets the pace,
 * and learns only at its end whether it was the body that was signed.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { release } from "../execution/body-memory.ts";
import type { BodyStream } from "../wire/service.ts";
import type { Trailers } from "./aws-chunked.ts";
import { refusal } from "./refusal.ts";

const cutOff = (): Error =>
  refusal("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header");

interface Reading {
  /** Called when the body is really wanted: where 100 Continue is sent. */
  readonly beforeReading?: (() => void) | undefined;
  /** A caller that sends nothing for so long is given up. */
  readonly stallMs: number;
}

/**
 * The bytes of a request as they come. Whoever stops reading leaves the rest where it is.
 * @throws ServiceError IncompleteBody when the caller goes away or falls silent
 */
export async function* receivedBytes(
  request: IncomingMessage,
  { beforeReading, stallMs }: Reading,
): AsyncGenerator<Buffer> {
  if (request.destroyed) throw cutOff();
  // One by one as the socket read them: whoever reads a paused stream gets copies of several as one.
  const waiting: Buffer[] = [];
  let wake = (): void => {};
  const onData = (bytes: Buffer): void => {
    request.pause();
    waiting.push(bytes);
    wake();
  };
  const onEnd = (): void => wake();
  request.on("data", onData).pause().on("end", onEnd).on("close", onEnd).on("error", onEnd);
  try {
    beforeReading?.();
    for (;;) {
      if (waiting.length === 0 && !request.readableEnded && !request.destroyed) {
        const timer = setTimeout(() => request.destroy(), stallMs);
        await new Promise<void>((resolve) => {
          wake = resolve;
          request.resume();
        }).finally(() => clearTimeout(timer));
      }
      const bytes = waiting.shift();
      if (bytes === undefined) break;
      yield bytes;
      release(bytes);
    }
    if (!request.complete) throw cutOff();
  } finally {
    request.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onEnd).pause();
  }
}

/** What a body must pass on its way. */
export interface BodyCheck {
  /** @returns what of these bytes belongs to the body @throws ServiceError */
  push(bytes: Buffer): readonly Buffer[];
  /** @throws ServiceError when it was not the body that was signed */
  end(): Trailers;
}

/** The hash of the body stands in the signed head. */
export class HashCheck implements BodyCheck {
  readonly #hash = createHash("sha256");
  readonly #expected: string;

  /** @param expected SHA-256, hexadecimal */
  constructor(expected: string) {
    this.#expected = expected;
  }

  push(bytes: Buffer): readonly Buffer[] {
    this.#hash.update(bytes);
    return [bytes];
  }

  end(): Trailers {
    if (this.#hash.digest("hex") === this.#expected) return {};
    throw contentMismatch();
  }
}

/** The signer left the body open. */
export const NO_CHECK: BodyCheck = { push: (bytes) => [bytes], end: () => ({}) };

export const contentMismatch = (): Error =>
  refusal("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");

export class CheckedBody implements BodyStream {
  readonly length: number | undefined;
  readonly announced: readonly string[];
  readonly #source: AsyncIterable<Buffer>;
  readonly #check: BodyCheck;
  #trailers: Trailers = {};

  /** @param announced the header X-Amz-Trailer */
  constructor(source: AsyncIterable<Buffer>, check: BodyCheck, length: number | undefined, announced = "") {
    const names = announced.split(",").map((name) => name.trim().toLowerCase());
    this.announced = names.filter((name) => name !== "");
    this.#source = source;
    this.#check = check;
    this.length = length;
  }

  get trailers(): Trailers {
    return this.#trailers;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const bytes of this.#source) yield* this.#check.push(bytes);
    this.#trailers = this.#check.end();
  }
}
