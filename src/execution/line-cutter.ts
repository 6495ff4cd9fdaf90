/** Cuts what a process writes into lines, each of which is one log event. */

/** bytes; a longer line is cut into several events, as in CloudWatch Logs */
const MAX_EVENT_BYTES = 256 * 1024;

const NEWLINE = 10;

export class LineCutter {
  readonly #onLine: (line: string) => void;
  /** The beginning of a line whose end has not been written yet. */
  #partial: Buffer | undefined;

  /** @param onLine gets each line with its newline, where it has one */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    const data = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk;
    let from = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, from)) {
      this.#onLine(data.toString("utf8", from, end + 1));
      from = end + 1;
    }
    this.#partial = from < data.length ? data.subarray(from) : undefined;
    if (this.#partial && this.#partial.length >= MAX_EVENT_BYTES) this.flush();
  }

  /** The process that was in the middle of a line will not finish it (it ended, or its invocation did). */
  flush(): void {
    const partial = this.#partial;
    if (!partial) return;
    this.#partial = undefined;
    this.#onLine(partial.toString("utf8"));
  }
}
