/** The body of one request from inside a sandbox as it comes in: bounded, and no larger in our memory than on the wire. */

import type { BodyBudget } from "../body-budget.ts";
import { largeRoom } from "../body-memory.ts";
import { LARGE_BYTES } from "../large-bodies.ts";

/** Pieces smaller than this are copied together: a buffer costs more than what is in it. */
const SMALL_BYTES = 4096;
const BLOCK_BYTES = 65_536;

/** Where the bytes of a body go. */
export interface BodyReceiver {
  /** Bytes that came, kept or not. */
  readonly received: number;
  /** More than it takes came: the rest is thrown away. */
  readonly tooLarge: boolean;
  /**
   * @param onDone to be called when nobody needs the bytes any more; whoever keeps them does not
   * @returns false when it cannot take more now; the connection is told when it can
   */
  add(bytes: Buffer, onDone?: () => void): boolean;
  /** Everything that was kept, once: it is the taker's from now on. */
  take(): Buffer;
  /** The body will not be whole: the connection is gone. */
  discard(): void;
}

export class Body implements BodyReceiver {
  readonly #limit: number;
  readonly #budget: BodyBudget;
  /** Bytes that will come, as far as that is known. */
  readonly #announced: number;
  #kept = 0;
  #parts: Buffer[] = [];
  /** Where small pieces go, and how much of it is used. */
  #block: Buffer | undefined;
  #blockUsed = 0;
  #received = 0;
  #tooLarge: boolean;

  /** @param announced bytes that the peer says will come; undefined when it does not say */
  constructor(limit: number, budget: BodyBudget, announced: number | undefined) {
    this.#limit = limit;
    this.#budget = budget;
    this.#tooLarge = announced !== undefined && announced > limit;
    this.#announced = this.#tooLarge ? 0 : (announced ?? 0);
  }

  get received(): number {
    return this.#received;
  }

  /** More than the limit, or than the sandbox may hold at once: what came is thrown away. */
  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  add(bytes: Buffer, onDone?: () => void): boolean {
    this.#received += bytes.length;
    if (this.#tooLarge) {
      onDone?.();
      return true;
    }
    if (this.#received > this.#limit || !this.#budget.take(bytes.length)) {
      this.#tooLarge = true;
      this.discard();
      return true;
    }
    this.#kept += bytes.length;
    // Most bodies are one piece, which is passed on as it is. A large one gets its room at once, or it would be there twice.
    if (this.#announced > LARGE_BYTES) {
      this.#fill(bytes);
      onDone?.();
    } else if (bytes.length >= SMALL_BYTES || this.#parts.length === 0) {
      this.#closeBlock();
      this.#parts.push(bytes);
    } else this.#copy(bytes);
    return true;
  }

  take(): Buffer {
    this.#closeBlock();
    // A large one that broke off: what it has not filled was never there.
    if (this.#announced > LARGE_BYTES && this.#parts[0]) this.#parts[0] = this.#parts[0].subarray(0, this.#kept);
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.discard();
    return bytes;
  }

  discard(): void {
    this.#budget.giveBack(this.#kept);
    this.#kept = 0;
    this.#parts = [];
    this.#block = undefined;
  }

  #fill(bytes: Buffer): void {
    const whole = this.#parts[0] ?? largeRoom(this.#announced);
    this.#parts[0] = whole;
    bytes.copy(whole, this.#kept - bytes.length);
  }

  #copy(bytes: Buffer): void {
    if (this.#block && this.#blockUsed + bytes.length > this.#block.length) this.#closeBlock();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    bytes.copy(this.#block, this.#blockUsed);
    this.#blockUsed += bytes.length;
  }

  #closeBlock(): void {
    if (this.#block) this.#parts.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = undefined;
    this.#blockUsed = 0;
  }
}
