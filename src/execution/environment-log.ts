/**
 * The log of one execution environment: the platform's lines and whatever the function and its extensions write, in order,
 * cut into log events; and the tail of the current invocation, when its caller asked for one.
 */
import type { LoggingConfig } from "../functions/function-version.ts";
import type { LogStream } from "../observability/log-store.ts";
import { LineCutter } from "./line-cutter.ts";
import { lineFilter } from "./log-level.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** bytes of X-Amz-Log-Result before base64 (contract/03 §1) */
const TAIL_BYTES = 4096;

/** The field of trace headers that says by which functions an invocation came about (src/invocation/lineage.ts). */
const LINEAGE = "Lineage=";

export class EnvironmentLog {
  readonly #stream: LogStream;
  readonly #function: LineCutter;
  readonly #extensions: LineCutter;
  #tail: string[] | undefined;
  #tailBytes = 0;

  constructor(stream: LogStream, telemetry: Telemetry, logging: LoggingConfig) {
    this.#stream = stream;
    const isWanted = lineFilter(logging);
    this.#function = new LineCutter((line) => {
      telemetry.emit("function", "function", line);
      // The level is the log's: who subscribed to telemetry gets everything.
      if (!isWanted || isWanted(line)) this.#event(line);
    });
    this.#extensions = new LineCutter((line) => {
      telemetry.emit("extension", "extension", line);
      this.#event(line);
    });
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

  /** Bytes that the function wrote to stdout or stderr: every finished line is an event. */
  output(chunk: Buffer): void {
    this.#function.add(chunk);
  }

  /** The same of its extensions. */
  extensionOutput(chunk: Buffer): void {
    this.#extensions.add(chunk);
  }

  /** Whoever was in the middle of a line will not finish it (the process ended, or its invocation did). */
  flushPartial(): void {
    this.#function.flush();
    this.#extensions.flush();
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
