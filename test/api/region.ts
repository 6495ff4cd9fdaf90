/** A real region for API tests: the program itself, in its own process, with a data directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LambdaClient } from "@aws-sdk/client-lambda";

const PROGRAM = join(import.meta.dirname, "../../src/main.ts");

export class TestRegion {
  readonly dataDirectory: string;
  /** http://host:port */
  url = "";
  lambda = new LambdaClient();
  #process: ChildProcess | undefined;

  readonly #isolation: string;

  private constructor(dataDirectory: string, isolation: string) {
    this.dataDirectory = dataDirectory;
    this.#isolation = isolation;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /**
   * A region with an empty data directory, ready to answer.
   * @param isolation `process`, the quickest to start, unless what is tested is how functions run
   */
  static async start(isolation: "auto" | "process" = "process"): Promise<TestRegion> {
    const region = new TestRegion(mkdtempSync(join(tmpdir(), "alonzo-region-")), isolation);
    await region.startAgain();
    return region;
  }

  /** Start the program on the data directory as it is. */
  async startAgain(): Promise<void> {
    const flags = ["--port", "0", "--isolation", this.#isolation, "--data-dir", this.dataDirectory];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, "start", ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      // Settings of whoever runs the tests are not for this region.
      env: { PATH: process.env.PATH, HOME: this.dataDirectory },
    });
    this.#process = child;
    const said: string[] = [];
    child.stderr.on("data", (chunk) => said.push(String(chunk)));
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(`${line}\n`);
      const [url] = /http:\/\/[^\s,]+/.exec(line) ?? [];
      if (url === undefined) continue;
      child.stdout.resume();
      this.url = url;
      this.lambda = new LambdaClient({
        endpoint: url,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
        maxAttempts: 1,
      });
      return;
    }
    throw new Error(`the region did not start:\n${said.join("")}`);
  }

  /** End the program as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** End the program and remove its data. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.lambda.destroy();
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}
