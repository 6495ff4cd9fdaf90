/** Process 1 of a sandbox as the host sees it: what it is told, and what it tells. process-one.pl is what runs inside. */
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { type End, Ends, RUNTIME } from "../oci/ends.ts";
import type { SandboxCommand } from "../sandbox.ts";

export const SCRIPT = readFileSync(join(import.meta.dirname, "process-one.pl"), "utf8");

/** Of a line that it tells: the function can write there by forging, and shall not fill our memory that way. */
const MOST_TOLD = 256;
const PLAIN = /[^\w./:=-]/g;

/** Bytes that would end a word or a line are written as in a URL. */
function encoded(word: string): string {
  return word.replaceAll(PLAIN, (character) => Buffer.from(character).toString("hex").replaceAll(/../g, "%$&"));
}

export class ProcessOne {
  readonly #commands: Socket;
  readonly #ends: Ends;
  readonly #onRefused: (connection: string) => void;
  #told = "";
  #held = Promise.withResolvers<void>();
  /** It is gone, and with it everything inside. */
  readonly over: Promise<void>;

  /**
   * @param commandFd write end of its pipe, owned by this object from now on as the other is
   * @param onRefused a connection that dial() wished for was refused
   */
  constructor(commandFd: number, reportFd: number, onRefused: (connection: string) => void) {
    this.#onRefused = onRefused;
    this.#commands = new Socket({ fd: commandFd, readable: false, writable: true });
    // When it is dead its reports end, too.
    this.#commands.on("error", () => this.#commands.destroy());
    const reports = new Socket({ fd: reportFd, readable: true, writable: false });
    reports.setEncoding("latin1").on("data", (chunk: string) => this.#read(chunk));
    reports.on("error", () => reports.destroy());
    this.over = new Promise((resolve) => {
      reports.once("close", () => {
        this.#commands.destroy();
        resolve();
      });
    });
    this.#ends = new Ends(this.over);
  }

  /** @param who RUNTIME, or the number of an extension */
  start(who: string, { argv, environment, workingDirectory }: SandboxCommand): void {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    this.#tell("start", who, workingDirectory, String(argv.length), ...argv, ...variables);
  }

  /** How one of those that were started ended: killed, when all is over without its end having been told. */
  endOf(who: string): Promise<End> {
    return this.#ends.of(who);
  }

  get runtimeEnded(): Promise<End> {
    return this.#ends.of(RUNTIME);
  }

  terminate(): void {
    this.#tell("term");
  }

  killRuntime(): void {
    this.#tell("kill");
  }

  /** Have it connect to a port inside, and to the driver's socket, where it says the name of the connection first. */
  dial(connection: string, port: number): void {
    this.#tell("dial", connection, String(port));
  }

  /** Resolves when it has no connection to the host any more, and makes none until resume(). */
  hold(): Promise<void> {
    this.#tell("hold");
    return this.#held.promise;
  }

  resume(): void {
    this.#tell("resume");
  }

  #tell(...words: string[]): void {
    this.#commands.write(`${words.map(encoded).join(" ")}\n`);
  }

  #read(chunk: string): void {
    const lines = (this.#told + chunk).split("\n");
    this.#told = (lines.pop() ?? "").slice(0, MOST_TOLD);
    for (const line of lines) this.#hear(line);
  }

  #hear(line: string): void {
    const [, verb, what = "", status] = /^(ended|refused|held)(?: (\w{1,10}))?(?: (\d{1,3}))?$/.exec(line) ?? [];
    if (verb === "ended") this.#ends.tell(what, Number(status ?? 0));
    else if (verb === "refused") this.#onRefused(what);
    else if (verb === "held") this.#held.resolve();
  }
}
