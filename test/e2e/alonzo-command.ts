/** Runs the alonzo command as its users do: as a process, with a data directory and a home of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { COMPILED } from "../test-region.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

/** Hooks run in the order of registration: whoever removes a directory first stops the commands that use it. */
const running = new WeakMap<TestContext, AlonzoCommand[]>();

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class AlonzoCommand {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #waiting = new Set<() => void>();
  #stdout = "";
  #stderr = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "close").then(([code]) => code as number | null);
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk;
      for (const wake of this.#waiting) wake();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk;
    });
  }

  /** It is stopped when the test ends. */
  static spawn(t: TestContext, args: readonly string[], variables: Record<string, string> = {}): AlonzoCommand {
    const directory = AlonzoCommand.directory(t);
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...COMPILED,
        PATH: process.env.PATH,
        HOME: directory,
        ALONZO_DATA_DIR: join(directory, "data"),
        ALONZO_PORT: "0",
        ...variables,
      },
    });
    const command = new AlonzoCommand(child);
    running.set(t, [...(running.get(t) ?? []), command]);
    return command;
  }

  /** An empty directory until the test and all its commands have ended. */
  static directory(t: TestContext): string {
    const directory = mkdtempSync(join(tmpdir(), "alonzo-test-"));
    t.after(async () => {
      await Promise.all((running.get(t) ?? []).map((command) => command.stop()));
      rmSync(directory, { recursive: true, force: true });
    });
    return directory;
  }

  /** By the signal that lets it clean up. Harmless when it has ended. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }

  /** Run to the end. */
  static async run(t: TestContext, args: readonly string[], variables?: Record<string, string>): Promise<Ended> {
    return AlonzoCommand.spawn(t, args, variables).ended();
  }

  async ended(): Promise<Ended> {
    const code = await this.#exited;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** The first match in what it prints to stdout. @throws Error when it ends without */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const ended = this.#exited.then((code) => {
      throw new Error(`ended with ${code} before it printed ${pattern}:\n${this.#stdout}\n${this.#stderr}`);
    });
    ended.catch(() => {});
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match) return match;
      let wake: (() => void) | undefined;
      await Promise.race([
        ended,
        new Promise<void>((resolve) => {
          wake = resolve;
          this.#waiting.add(resolve);
        }),
      ]);
      if (wake) this.#waiting.delete(wake);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}
