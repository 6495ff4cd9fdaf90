/** The unmodified AWS CLI, told an endpoint and nothing else of Alonzo. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Every AWS CLI that runs, by its version. A shim of a version manager may stand on PATH for a CLI that is not there. */
export function clis(): Map<string, string> {
  const found = new Map<string, string>();
  for (const directory of [...(process.env.PATH ?? "").split(delimiter), "/usr/bin"]) {
    try {
      const path = join(directory, "aws");
      const [version = ""] = execFileSync(path, ["--version"], { encoding: "utf8", stdio: "pipe" }).split(" ");
      if (version.startsWith("aws-cli/") && !found.has(version)) found.set(version, path);
    } catch {
      // No CLI here, or one that does not run.
    }
  }
  return found;
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One CLI in a directory of its own, which is its home too: no profile, no configuration. */
export class Cli {
  readonly #program: string;
  readonly directory: string;
  readonly #url: string;
  readonly #service: string;

  /** @param service what every command is one of, e.g. `lambda` */
  constructor(program: string, directory: string, url: string, service: string) {
    this.#program = program;
    this.directory = directory;
    this.#url = url;
    this.#service = service;
  }

  run(...args: readonly string[]): Promise<Said> {
    const env = {
      PATH: process.env.PATH,
      HOME: this.directory,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_PAGER: "",
    };
    return new Promise((resolve) => {
      const all = ["--endpoint-url", this.#url, this.#service, ...args];
      execFile(this.#program, all, { cwd: this.directory, env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      });
    });
  }

  /** Run a command that must succeed. @returns what it printed, as JSON, or undefined when it printed nothing */
  async json(...args: readonly string[]) {
    const { code, stdout, stderr } = await this.run(...args);
    assert.equal(code, 0, `aws ${this.#service} ${args.join(" ")}: ${stderr}`);
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  }

  /** Run a command that must fail, with exactly this error from the region. */
  async refused(operation: string, code: string, message: string, ...args: readonly string[]): Promise<void> {
    const said = await this.run(...args);
    assert.notEqual(said.code, 0);
    const expected = `An error occurred (${code}) when calling the ${operation} operation: ${message}`;
    // Later releases write `aws: [ERROR]: ` before it.
    assert.equal(said.stderr.trim().replace(/^aws: \[ERROR\]: /, ""), expected);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.directory, name), content);
  }
}
