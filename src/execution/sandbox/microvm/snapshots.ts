/** Snapshots of microVMs: the state of the machine, in which /tmp is, too, and its own disks. */
import { openSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { RestoredSandbox, Sandbox, SandboxSnapshots, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { readFacts, writeFacts } from "../snapshot-facts.ts";
import type { Ground } from "./ground.ts";
import { MicrovmSandbox } from "./sandbox.ts";

const STATE = "state";

interface Facts {
  readonly extensions: number;
  /** Of the disks that are not in the snapshot. */
  readonly marks: Readonly<Record<string, string>>;
}

export class MicrovmSnapshots implements SandboxSnapshots {
  readonly machine: string;
  readonly #ground: Ground;
  readonly #make: (spec: SandboxSpec) => Promise<MicrovmSandbox>;

  /** @param make a sandbox that is not prepared */
  constructor(ground: Ground, make: (spec: SandboxSpec) => Promise<MicrovmSandbox>) {
    this.machine = `${ground.identity} Linux ${release()}`;
    this.#ground = ground;
    this.#make = make;
  }

  async take(sandbox: Sandbox, directory: string): Promise<void> {
    if (!(sandbox instanceof MicrovmSandbox)) throw new SandboxError(`sandbox ${sandbox.id} is not of this driver`);
    await sandbox.save(join(directory, STATE));
    const marks = await this.#ground.images.save(sandbox.disks, directory);
    const facts: Facts = { extensions: sandbox.extensions, marks };
    writeFacts(directory, facts);
  }

  async restore(directory: string, spec: SandboxSpec): Promise<RestoredSandbox> {
    const { extensions, marks } = readFacts<Facts>(directory);
    const sandbox = await this.#make(spec);
    try {
      const state = openSync(join(directory, STATE), "r");
      const disks = this.#ground.images.saved(this.#ground, spec.directories, directory, marks);
      return { sandbox, ...(await sandbox.resume(disks, state, extensions)) };
    } catch (error) {
      await sandbox.destroy();
      throw error;
    }
  }
}
