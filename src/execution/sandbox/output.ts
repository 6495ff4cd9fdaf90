/**
 * Reads the pipe that holds stdout and stderr of one process tree, in the order written. A real pipe and not a socket,
 * because programs open /dev/stdout and /dev/stderr again by path, which sockets refuse.
 */
import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** ms of one chunk's handling that are nobody's concern: 64 KB in lines of usual length take less */
const QUICK_MS = 2;
/** Less at once is no flood: that it took long then is the machine's fault, and what follows must not come late for it. */
const FLOOD_BYTES = 16_384;
/** For each ms that it took, so many belong to others: a function that floods its log waits, the region does not. */
const REST_FACTOR = 9;

/** Hand on what is read. Whoever writes more than can be handled quickly waits; the region does not. */
export function readUnhurried(source: Readable, onChunk: (chunk: Buffer) => void, mayRest = () => true): void {
  source.on("data", (chunk: Buffer) => {
    const startedMs = performance.now();
    onChunk(chunk);
    const tookMs = performance.now() - startedMs;
    if (chunk.length < FLOOD_BYTES || tookMs <= QUICK_MS || !mayRest()) return;
    source.pause();
    setTimeout(() => source.resume(), tookMs * REST_FACTOR).unref();
  });
}

export class Output {
  readonly #socket: Socket;
  #isDraining = false;
  /** Resolves when every writer is gone and all was handed on. */
  readonly ended: Promise<void>;

  /** @param source read end of a pipe, non-blocking, or a socket; owned by this object from now on */
  constructor(source: number | Socket, onChunk: (chunk: Buffer) => void) {
    this.#socket = source instanceof Socket ? source : new Socket({ fd: source, readable: true, writable: false });
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.once("end", () => this.#socket.destroy());
    this.ended = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    readUnhurried(this.#socket, onChunk, () => !this.#isDraining);
  }

  /** Wait for the end, but not for a process that escaped its group and holds the pipe open. */
  async drain(patienceMs: number): Promise<void> {
    this.#isDraining = true;
    this.#socket.resume();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([this.ended, patience]);
    clearTimeout(timer);
    this.#socket.destroy();
  }
}
