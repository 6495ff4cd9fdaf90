/**
 * The memory of large bodies. Whoever knows that it was the last to need some gives it back at once: a garbage collector
 * that sees only the small objects that stand for megabytes lets tens of them gather.
 */

/** Smaller pieces are not worth the call. */
const WORTHWHILE_BYTES = 8192;

/**
 * Room for a large body: pages of its own, which the system has back the moment they are given back. malloc() puts
 * buffers of megabytes among everything else, whence what was given back seldom returns. Slow to read byte by byte.
 */
export function largeRoom(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes, { maxByteLength: bytes }));
}

/** Give back the memory of bytes that nobody reads any more; a buffer that is part of another is left as it is. */
export function release(bytes: Buffer): void {
  const { buffer } = bytes;
  if (bytes.length < WORTHWHILE_BYTES || bytes.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
}

/** Bytes as a socket read them, given back when everyone is done with every part of them. Who never says so leaves them to the collector. */
export class ReadBlock {
  readonly #bytes: Buffer;
  #users = 1;

  /** Its maker is the first user. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** One more. @returns what that one calls, once, when done */
  use(): () => void {
    this.#users++;
    return () => this.done();
  }

  done(): void {
    if (--this.#users === 0) release(this.#bytes);
  }
}
