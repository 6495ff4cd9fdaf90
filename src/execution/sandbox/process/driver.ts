/**
 * The driver without walls: each execution environment is a plain process group of the region's own user. It exists for
 * machines where nothing better is possible (macOS, no root) and is announced as such.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepared } from "../prepared.ts";
import type { Capabilities, Sandbox, SandboxDriver, SandboxSpec } from "../sandbox.ts";
import { sweepProcesses } from "./leftovers.ts";
import { ProcessSandbox } from "./sandbox.ts";

const CAPABILITIES: Capabilities = {
  freeze: true,
  memoryLimit: false,
  networkIsolation: false,
  readOnlyRoot: false,
  separateUser: false,
};

export class ProcessDriver implements SandboxDriver {
  readonly name = "process";
  readonly capabilities = CAPABILITIES;
  readonly description = "plain child processes, NO ISOLATION: functions can read and do what this user can";
  readonly #directory: string;
  readonly #sandboxes = new Set<ProcessSandbox>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Kills what a region that died without cleaning up left behind, then is ready. */
  static async open(): Promise<ProcessDriver> {
    sweepProcesses(tmpdir());
    return new ProcessDriver(mkdtempSync(join(tmpdir(), `alonzo-${process.pid}-`)));
  }

  async create(spec: SandboxSpec): Promise<Sandbox> {
    const sandbox = new ProcessSandbox(spec, join(this.#directory, spec.id), () => this.#sandboxes.delete(sandbox));
    this.#sandboxes.add(sandbox);
    return prepared(sandbox);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.destroy()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
