/**
 * The body of a streamed response as it comes in: every piece goes on at once, nothing is kept. When it is more than may
 * be streamed, or breaks off, the invocation is told right here; only its good end is told by the whole request.
 */
import type { AnswerStream } from "../answer-stream.ts";
import type { InvocationSlot } from "../invocation-slot.ts";
import type { BodyReceiver } from "./body.ts";

export class StreamedBody implements BodyReceiver {
  readonly stream: AnswerStream;
  readonly #slot: InvocationSlot;
  #received = 0;
  #tooLarge = false;

  constructor(stream: AnswerStream, slot: InvocationSlot) {
    this.stream = stream;
    this.#slot = slot;
  }

  get received(): number {
    return this.#received;
  }

  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  add(bytes: Buffer, onDone?: () => void): boolean {
    this.#received += bytes.length;
    if (this.#tooLarge) return true;
    if (!this.stream.wouldOverflow(bytes.length)) return this.stream.write(bytes, onDone);
    this.#tooLarge = true;
    this.#slot.endStream(this.stream, { kind: "too-large", body: NOTHING });
    return true;
  }

  take(): Buffer {
    return NOTHING;
  }

  /** The connection is gone before the end. */
  discard(): void {
    this.#slot.endStream(this.stream, { kind: "truncated", body: NOTHING });
  }
}

const NOTHING = Buffer.alloc(0);
