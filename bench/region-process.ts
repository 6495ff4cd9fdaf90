/** The real server as its users start it: a process of its own, with a temporary data directory. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { RegionClient, type Target } from "../src/cli/client.ts";

const MAIN = join(import.meta.dirname, "..", "src", "main.ts");

export interface RegionOptions {
  /** A data directory that the caller made and removes; else a new one, removed by stop(). */
  readonly directory?: string;
  /** A program that does the same as src/main.ts, but for what is measured by the difference. */
  readonly main?: string;
  /** Settings. */
  readonly variables?: Readonly<Record<string, string>>;
}

export class RegionProcess {
  readonly pid: number;
  readonly target: Target;
  readonly client: RegionClient;
  /** Its ready line. */
  readonly announcement: string;
  /** From spawn until the health check answered 200. */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #dataDir: string;
  readonly #keepsData: boolean;

  private constructor(
    child: ChildProcess,
    data: { readonly directory: string; readonly isKept: boolean },
    url: string,
    announcement: string,
    readyMs: number,
  ) {
    this.pid = child.pid as number;
    this.target = { endpoint: url, region: "us-east-1", accessKeyId: "test", secretAccessKey: "test" };
    this.client = new RegionClient(this.target);
    this.announcement = announcement;
    this.readyMs = readyMs;
    this.#child = child;
    this.#dataDir = data.directory;
    this.#keepsData = data.isKept;
  }

  static async start(isolation: string, options: RegionOptions = {}): Promise<RegionProcess> {
    const isKept = options.directory !== undefined;
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "alonzo-bench-")));
    const started = performance.now();
    const child = spawn(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        options.main ?? MAIN,
        ...["start", "--port", "0", "--isolation", isolation, "--data-dir", directory],
      ],
      {
        stdio: ["ignore", "pipe", "inherit"],
        // What is measured is the region, not AWS's quota of 10,000 requests a second.
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ALONZO_REQUEST_RATE: "1000000", ...options.variables },
      },
    );
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    for await (const line of lines) {
      const url = /http:\/\/[^\s,]+/.exec(line)?.[0];
      if (url === undefined) continue;
      const health = await fetch(`${url}/_alonzo/health`);
      if (health.status !== 200) throw new Error(`the region announced itself but its health is ${health.status}`);
      await health.arrayBuffer();
      child.stdout?.resume();
      return new RegionProcess(child, { directory, isKept }, url, line, performance.now() - started);
    }
    if (!isKept) await rm(directory, { recursive: true, force: true });
    throw new Error("the region ended before it was ready");
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
    if (!this.#keepsData) await rm(this.#dataDir, { recursive: true, force: true });
  }
}
