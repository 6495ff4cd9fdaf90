/** The region's end of a QEMU's monitor: commands and answers of its Machine Protocol, one at a time. */
import type { Duplex } from "node:stream";
import { SandboxError } from "../sandbox-error.ts";

/** Bytes of one line: more is no answer to what is asked here. */
const MOST_BYTES = 65_536;

export class Monitor {
  readonly #line: Duplex;
  #rest = "";
  #asked: PromiseWithResolvers<unknown> | undefined;
  #isGone = false;

  constructor(line: Duplex) {
    this.#line = line;
    line.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    line.on("error", () => line.destroy());
    line.once("close", () => {
      this.#isGone = true;
      this.#asked?.reject(new SandboxError("the machine is gone"));
    });
  }

  /** Begin: it answers nothing before. */
  async negotiate(): Promise<void> {
    await this.ask("qmp_capabilities");
  }

  /** @throws SandboxError when QEMU refuses, or is gone */
  ask(command: string, details: object = {}): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new SandboxError("the machine is gone"));
    this.#asked = Promise.withResolvers();
    this.#line.write(`${JSON.stringify({ execute: command, arguments: details })}\n`);
    return this.#asked.promise;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#hear(line);
    if (this.#rest.length > MOST_BYTES) this.#line.destroy();
  }

  /** Greetings and events are not answers. */
  #hear(line: string): void {
    let message: { readonly return?: unknown; readonly error?: { readonly desc?: string } };
    try {
      message = JSON.parse(line);
    } catch {
      return void this.#line.destroy();
    }
    if (message.error) this.#asked?.reject(new SandboxError(`QEMU: ${message.error.desc}`));
    else if ("return" in message) this.#asked?.resolve(message.return);
  }
}
