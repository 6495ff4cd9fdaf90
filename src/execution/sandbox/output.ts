/**
 * Reads the pipe that holds stdout and stderr of one process tree, in the order written. A real pipe and not a socket,
 * because programs open /dev/stdout and /dev/stderr again by path, which sockets refuse.
 */
import { Socket } from "node:net";

export class Output {
  readonly #socket: Socket;
  /** Resolves when every writer is gone and all was handed on. */
  readonly ended: Promise<void>;

  /** @param fd read end of a pipe, non-blocking; owned by this object from now on */
  constructor(fd: number, onChunk: (chunk: Buffer) => void) {
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on("error", () => this.#socket.destroy());
    this.ended = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.on("data", onChunk);
  }

  /** Wait for the end, but not for a process that escaped its group and holds the pipe open. */
  async drain(patienceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([this.ended, patience]);
    clearTimeout(timer);
    this.#socket.destroy();
  }
}
