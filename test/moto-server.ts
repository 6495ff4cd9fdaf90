/** Services of AWS that are not ours: moto's server, from PyPI, which keeps what it is sent in memory. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PYTHON } from "./python-with-boto3.ts";

export class MotoServer implements AsyncDisposable {
  /** Whose its resources are. */
  static readonly ACCOUNT = "123456789012";
  /** http://host:port */
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start(): Promise<MotoServer> {
    const server = spawn(PYTHON, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    });
    const told: string[] = [];
    const lines = createInterface({ input: server.stderr });
    const running = new Promise<string>((resolve) => {
      lines.on("line", (line) => {
        told.push(line);
        const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    });
    const url = await Promise.race([running, once(server, "exit").then(() => undefined)]);
    if (url === undefined) assert.fail(`moto does not run: ${told.join("\n")}`);
    return new MotoServer(server, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }
}
