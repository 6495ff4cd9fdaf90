/**
 * The beginning of what a function streams as an HTTP response: the response's head as JSON, then eight NULs. Read as it comes:
 * each byte is looked at once, however small the pieces are.
 */
import { type AnswerHead, answerHead, MalformedAnswer } from "./response-headers.ts";

/** Content type of a stream that begins so. */
export const WITH_PRELUDE = "application/vnd.awslambda.http-integration-response";

/** NULs between the prelude and the body */
const DELIMITER_BYTES = 8;
/** bytes: far more than any head that a client would accept */
const MAX_PRELUDE_BYTES = 1024 * 1024;

export class Prelude {
  readonly #ownsCors: boolean;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Consecutive NULs at the end of what is held. */
  #nuls = 0;

  /** @param ownsCors there are CORS settings: the function's own CORS headers give way to them */
  constructor(ownsCors: boolean) {
    this.#ownsCors = ownsCors;
  }

  /** @returns the head and what of the chunk is behind it; undefined when more is to come */
  read(chunk: Buffer): { readonly head: AnswerHead; readonly rest: Buffer } | "malformed" | undefined {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const end = this.#delimiterEnd(chunk);
    if (end === undefined) return this.#heldBytes > MAX_PRELUDE_BYTES ? "malformed" : undefined;
    const json = Buffer.concat(this.#held, this.#heldBytes - chunk.length + end - DELIMITER_BYTES);
    this.#held = [];
    const head = preludeHead(json, this.#ownsCors);
    return head ? { head, rest: chunk.subarray(end) } : "malformed";
  }

  /** Where in the chunk the body begins, once the delimiter is complete. */
  #delimiterEnd(chunk: Buffer): number | undefined {
    for (let i = 0; i < chunk.length; i++) {
      this.#nuls = chunk[i] === 0 ? this.#nuls + 1 : 0;
      if (this.#nuls === DELIMITER_BYTES) return i + 1;
    }
    return undefined;
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
