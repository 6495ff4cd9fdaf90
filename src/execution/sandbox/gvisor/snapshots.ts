/** Snapshots by gVisor's checkpoint: the memory and the kernel of a sandbox in a file, and its /tmp beside it. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { arch, release } from "node:os";
import { join } from "node:path";
import { run } from "../oci/commands.ts";
import type { RestoredSandbox, Sandbox, SandboxSnapshots, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { readFacts, writeFacts } from "../snapshot-facts.ts";
import type { Runsc } from "./runsc.ts";
import { GvisorSandbox } from "./sandbox.ts";

const TEMPORARY = "tmp";

/** What is not in the file of gVisor. */
interface Facts {
  readonly extensions: number;
}

export class GvisorSnapshots implements SandboxSnapshots {
  readonly machine: string;
  readonly #make: (spec: SandboxSpec) => Promise<GvisorSandbox>;

  /** @param make a sandbox that is prepared */
  constructor(runsc: Runsc, make: (spec: SandboxSpec) => Promise<GvisorSandbox>) {
    this.machine = `${runsc.version}, ${arch()} ${processor()}, Linux ${release()}`;
    this.#make = make;
  }

  async take(sandbox: Sandbox, directory: string): Promise<void> {
    if (!(sandbox instanceof GvisorSandbox)) throw new SandboxError(`sandbox ${sandbox.id} is not of this driver`);
    const facts: Facts = { extensions: sandbox.extensionCount };
    await sandbox.save(directory);
    await copyTree(sandbox.temporaryDirectory, join(directory, TEMPORARY));
    writeFacts(directory, facts);
  }

  async restore(directory: string, spec: SandboxSpec): Promise<RestoredSandbox> {
    const { extensions } = readFacts<Facts>(directory);
    const sandbox = await this.#make(spec);
    try {
      await copyTree(join(directory, TEMPORARY), sandbox.temporaryDirectory);
      return { sandbox, ...(await sandbox.resume(directory, extensions)) };
    } catch (error) {
      await sandbox.destroy();
      throw error;
    }
  }
}

/** With owners, modes, times and holes, of which sparse files in /tmp have some. */
async function copyTree(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  if (readdirSync(from).length > 0) await run("cp", ["--archive", "--", `${from}/.`, to]);
}

/** A snapshot holds what its processes found out about the processor: a name for what that can do. */
function processor(): string {
  const cpuInfo = readFileSync("/proc/cpuinfo", "latin1");
  const facts = ["model name", "flags", "CPU part", "Features"].map(
    (name) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpuInfo)?.[1],
  );
  return createHash("sha256").update(facts.join("\n")).digest("hex").slice(0, 12);
}
