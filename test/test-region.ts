/**
 * A real region for tests: the program itself, in its own process, with a data directory of its own, and the AWS SDK
 * connected to it. Tests of the command line start the program by e2e/alonzo-command.ts instead.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  InvokeCommand,
  LambdaClient,
  type Runtime,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";

const PROGRAM = join(import.meta.dirname, "..", "src", "main.ts");
/** Compiling the program takes more than half of the time of starting it; hundreds of tests start it. */
/** What `npm test` has made ready of languages: see scripts/test.ts. */
export const RUNTIMES = join(import.meta.dirname, "..", ".cache", "runtimes");

export const COMPILED = { NODE_COMPILE_CACHE: join(import.meta.dirname, "..", ".cache", "node") };

export interface Deployment {
  readonly runtime: string;
  readonly handler?: string;
  readonly zip: Uint8Array;
  readonly more?: Partial<CreateFunctionCommandInput>;
}

export interface Invoked {
  readonly requestId: string;
  /** X-Amz-Function-Error. */
  readonly functionError: string | undefined;
  /** The response's text. */
  readonly text: string;
  /** Last 4 KB of the invocation's log. */
  readonly log: string;
}

export class TestRegion {
  readonly dataDirectory: string;
  /** http://host:port */
  url = "";
  lambda = new LambdaClient();
  readonly #isolation: string;
  readonly #variables: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  #stdout = "";
  #stderr = "";
  #functions = 0;

  private constructor(dataDirectory: string, isolation: string, variables: Readonly<Record<string, string>>) {
    this.dataDirectory = dataDirectory;
    this.#isolation = isolation;
    this.#variables = variables;
  }

  /**
   * A region with an empty data directory, ready to answer. Whoever starts it stops it.
   * @param isolation `process`, the quickest to start, unless what is tested is how functions run. `auto` is what the
   * machine allows, or ALONZO_ISOLATION
   * @param variables settings of the region, e.g. ALONZO_ACCOUNT_CONCURRENCY
   */
  static async start(
    isolation: "auto" | "gvisor" | "microvm" | "process" = "process",
    variables: Readonly<Record<string, string>> = {},
  ): Promise<TestRegion> {
    const chosen = isolation === "auto" ? (process.env.ALONZO_ISOLATION ?? "auto") : isolation;
    const region = new TestRegion(mkdtempSync(join(tmpdir(), "alonzo-region-")), chosen, variables);
    await region.startAgain();
    return region;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** What the program has written to stderr since it was last started. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Start the program on the data directory as it is. @throws Error when it ends before it is ready */
  async startAgain(): Promise<void> {
    const flags = ["--port", "0", "--isolation", this.#isolation, "--data-dir", this.dataDirectory];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, "start", ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      // Settings of whoever runs the tests are not for this region; languages may be installed in their home.
      env: { ALONZO_RUNTIMES_DIR: RUNTIMES, ...this.#variables, ...COMPILED, PATH: process.env.PATH, HOME: homedir() },
    });
    this.#process = child;
    this.#stdout = "";
    this.#stderr = "";
    this.#exited = once(child, "exit").then(([code]) => code as number | null);
    child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk;
    });
    this.url = await new Promise((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        this.#stdout += chunk;
        const [, url] = /(http:\/\/[^\s,]+)[^\n]*\n/.exec(this.#stdout) ?? [];
        if (url !== undefined) resolve(url);
      });
      const tell = () => reject(new Error(`the region did not start:\n${this.#stdout}${this.#stderr}`));
      this.#exited.then(tell, reject);
    });
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    this.lambda = new LambdaClient({ endpoint: this.url, region: "us-east-1", credentials, maxAttempts: 1 });
  }

  /** End the program as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Let the program end and start it again, as an operator would. */
  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.startAgain();
  }

  /** Let the program end and remove its data. Harmless when it has ended. @returns the exit code */
  async stop(): Promise<number | null> {
    const code = await this.#end("SIGTERM");
    rmSync(this.dataDirectory, { recursive: true, force: true });
    return code;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.lambda.destroy();
    this.#process?.kill(signal);
    return this.#exited;
  }

  /** Create a function and wait until it may be invoked. @returns its name */
  async deploy({ runtime, handler = "index.handler", zip, more }: Deployment): Promise<string> {
    this.#functions += 1;
    const FunctionName = `f${this.#functions}`;
    await this.lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: runtime as Runtime,
        Handler: handler,
        Role: "arn:aws:iam::000000000000:role/test",
        Timeout: 20,
        MemorySize: 256,
        Code: { ZipFile: zip },
        ...more,
      }),
    );
    await waitUntilFunctionActiveV2({ client: this.lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
    return FunctionName;
  }

  async invoke(name: string, event = "{}"): Promise<Invoked> {
    const answer = await this.lambda.send(
      new InvokeCommand({ FunctionName: name, Payload: Buffer.from(event), LogType: "Tail" }),
    );
    assert.equal(answer.StatusCode, 200);
    return {
      requestId: answer.$metadata.requestId ?? "",
      functionError: answer.FunctionError,
      text: Buffer.from(answer.Payload ?? []).toString("utf8"),
      log: Buffer.from(answer.LogResult ?? "", "base64").toString("utf8"),
    };
  }

  /** Invoke a function that is expected to fail. @returns the error document */
  async invokeFailing(name: string, event = "{}"): Promise<Invoked & { readonly document: Record<string, unknown> }> {
    const invoked = await this.invoke(name, event);
    assert.equal(invoked.functionError, "Unhandled", `${invoked.text}\n${invoked.log}`);
    return { ...invoked, document: JSON.parse(invoked.text) };
  }
}
