/** What runs in a sandbox and waits to hear what the runtime is to do: process 1 beside extensions, or a cell's runtime. */
import { closeSync, writeSync } from "node:fs";
import type { SandboxCommand } from "../sandbox.ts";
import type { ToldEnds } from "./process-one.ts";

export interface Launched {
  /** The ends that process 1 tells of. */
  readonly ends: ToldEnds;
  /** All is dead, and what was written is read. */
  readonly over: Promise<void>;
}

export class Waiting implements Launched {
  readonly ends: ToldEnds;
  readonly over: Promise<void>;
  /** It was started ahead, for a function that was not known. */
  readonly isCell: boolean;
  readonly #commandFd: number;
  readonly #render: (command: SandboxCommand) => string;

  /**
   * @param commandFd write end of its pipe, owned by this object from now on
   * @param render how it wants to be told
   */
  constructor(
    { ends, over }: Launched,
    commandFd: number,
    render: (command: SandboxCommand) => string,
    isCell: boolean,
  ) {
    this.ends = ends;
    this.over = over;
    this.isCell = isCell;
    this.#commandFd = commandFd;
    this.#render = render;
  }

  /** The one thing that it hears. */
  tell(command: SandboxCommand): void {
    try {
      writeSync(this.#commandFd, this.#render(command));
    } catch (error) {
      // It is dead already, which its ends tell.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    } finally {
      this.close();
    }
  }

  /** It hears nothing any more. Not after tell(). */
  close(): void {
    closeSync(this.#commandFd);
  }
}
