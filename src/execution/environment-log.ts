/**
 * The log of one execution environment: the platform's lines and whatever the function writes, in order, cut into log
 * events; and the tail of the current invocation, when its caller asked for one.
 */
import type { LogStream } from "../observability/log-store.ts";

/** bytes of X-Amz-Log-Result before base64 (contract/03 §1) */
const TAIL_BYTES = 4096;

/** bytes; a longer line is cut into several events, as in CloudWatch Logs */
const MAX_EVENT_BYTES = 256 * 1024;

const NEWLINE = 10;

/** The field of trace headers that says by which functions an invocation came about (src/invocation/lineage.ts). */
const LINEAGE = "Lineage=";

export class EnvironmentLog {
  readonly #stream: LogStream;
  /** The beginning of a line whose end has not been written yet. */
  #partial: Buffer | undefined;
  #tail: string[] | undefined;
  #tailBytes = 0;

  constructor(stream: LogStream) {
    this.#stream = stream;
  }

  /** What is written from now on is of this invocation. @param traceId X-Ray header; the chain in it goes into the log */
  begin(traceId: string, wantsTail: boolean): void {
    const at = traceId.indexOf(LINEAGE);
    this.#stream.lineage = at < 0 ? undefined : traceId.slice(at + LINEAGE.length).split(";", 1)[0];
    if (!wantsTail) return;
    this.#tail = [];
    this.#tailBytes = 0;
  }

  /** A line of the platform's, with its newline. */
  platform(line: string): void {
    this.#event(line);
  }

  /** Bytes from stdout or stderr: every finished line is an event. */
  output(chunk: Buffer): void {
    const data = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk;
    let from = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, from)) {
      this.#event(data.toString("utf8", from, end + 1));
      from = end + 1;
    }
    this.#partial = from < data.length ? data.subarray(from) : undefined;
    if (this.#partial && this.#partial.length >= MAX_EVENT_BYTES) this.flushPartial();
  }

  /** The process that was in the middle of a line will not finish it (it ended, or its invocation did). */
  flushPartial(): void {
    if (!this.#partial) return;
    this.#event(this.#partial.toString("utf8"));
    this.#partial = undefined;
  }

  /** @returns the last 4 KB of the invocation; empty when nobody wants it */
  takeTail(): Buffer {
    if (!this.#tail) return Buffer.alloc(0);
    const text = Buffer.from(this.#tail.join(""));
    this.#tail = undefined;
    return text.length > TAIL_BYTES ? text.subarray(text.length - TAIL_BYTES) : text;
  }

  #event(message: string): void {
    this.#stream.append(Date.now(), message);
    if (!this.#tail) return;
    this.#tail.push(message);
    this.#tailBytes += message.length;
    while (this.#tailBytes > 2 * TAIL_BYTES && this.#tail.length > 1) {
      this.#tailBytes -= (this.#tail.shift() as string).length;
    }
  }
}
