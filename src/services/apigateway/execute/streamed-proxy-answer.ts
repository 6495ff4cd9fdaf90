/**
 * The answer of a function behind a REST API that passes it on as it comes (responseTransferMode STREAM). A function that
 * streams without a head of its own, or does not stream, is answered for as a whole.
 */
import type { InvokeRequest } from "../../../invocation/invoker.ts";
import { Prelude, WITH_PRELUDE } from "../../../wire/http-integration/prelude.ts";
import { mediaType } from "../../../wire/http-integration/request-parts.ts";
import type { SurfaceRequest, SurfaceStream } from "../../../wire/http-surface.ts";

type Sink = NonNullable<InvokeRequest["invocation"]["sink"]>;

export class StreamedProxyAnswer implements Sink {
  readonly #surface: SurfaceRequest;
  /** Names and values that go with every answer. */
  readonly #headers: readonly string[];
  #prelude: Prelude | undefined;
  #stream: SurfaceStream | undefined;
  #held: Buffer[] = [];
  #isMalformed = false;

  constructor(surface: SurfaceRequest, headers: readonly string[]) {
    this.#surface = surface;
    this.#headers = headers;
  }

  /** The head has gone out: nothing else can be answered any more. */
  get hasBegun(): boolean {
    return this.#stream !== undefined;
  }

  /** What came of an answer that is no stream; undefined when nothing did. */
  get whole(): Buffer | undefined {
    return this.#held.length === 0 || this.#isMalformed ? undefined : Buffer.concat(this.#held);
  }

  get isClosed(): boolean {
    return this.#surface.isAbandoned;
  }

  onDrain(listener: () => void): void {
    this.#surface.onDrain(listener);
  }

  start({ contentType, isStreamed }: Parameters<Sink["start"]>[0]): void {
    if (isStreamed && mediaType(contentType) === WITH_PRELUDE) this.#prelude = new Prelude(false);
    // What is streamed without a head is no proxy response.
    else this.#isMalformed = isStreamed;
  }

  write(chunk: Buffer, onDone?: () => void): boolean {
    if (this.isClosed || this.#isMalformed) return true;
    if (this.#stream) return this.#stream.write(chunk, onDone);
    if (!this.#prelude) {
      this.#held.push(chunk);
      return true;
    }
    const read = this.#prelude.read(chunk);
    if (read === undefined) return true;
    if (read === "malformed") {
      this.#isMalformed = true;
      return true;
    }
    const type = read.head.hasType ? [] : ["Content-Type", "application/json"];
    this.#stream = this.#surface.stream(read.head.status, [...type, ...read.head.headers, ...this.#headers]);
    return read.rest.length === 0 || this.#stream.write(read.rest);
  }

  /** Something else is answered: whatever comes now comes too late. */
  drop(): void {
    this.#isMalformed = true;
  }

  /** @param isWhole the function has ended well; else cutting the answer off is the only way left to tell */
  end(isWhole: boolean): void {
    if (isWhole) this.#stream?.end();
    else this.#stream?.abandon();
  }
}
