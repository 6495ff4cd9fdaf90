/**
 * Machines that have booted and wait to be told whose they are: one is saved for each size, and environments go on from there.
 * Nothing of any function is in them. They are kept over restarts, as long as all that they were made of is the same.
 */
import { closeSync, rmSync } from "node:fs";
import type { Size } from "../oci/limits.ts";
import type { NamespacePool } from "../oci/namespace-pool.ts";
import { SandboxError } from "../sandbox-error.ts";
import { Agent } from "./agent.ts";
import type { Disks } from "./disk-images.ts";
import type { Ground } from "./ground.ts";
import { MachinePlace } from "./machine-place.ts";
import { machineSize } from "./machine-size.ts";
import { saveState } from "./machine-state.ts";

export class Templates {
  readonly #ground: Ground;
  readonly #namespaces: NamespacePool;
  readonly #making = new Map<string, Promise<void>>();

  constructor(ground: Ground, namespaces: NamespacePool) {
    this.#ground = ground;
    this.#namespaces = namespaces;
  }

  /** @returns descriptor of the state of a machine of that size, the caller's to close; made where there is none */
  async open(size: Size): Promise<number> {
    const { cpus, memoryMb } = machineSize(size);
    const identity = `${this.#ground.identity} ${cpus} ${memoryMb}`;
    const found = this.#ground.files.open("template", identity);
    if (found !== undefined) return found;
    const making =
      this.#making.get(identity) ?? this.#make(identity, size).finally(() => this.#making.delete(identity));
    this.#making.set(identity, making);
    await making;
    const made = this.#ground.files.open("template", identity);
    if (made === undefined) throw new SandboxError("what was made of a machine is gone");
    return made;
  }

  async #make(identity: string, size: Size): Promise<void> {
    const { files, images, bootMs } = this.#ground;
    const temporary = files.newPath();
    const network = await this.#namespaces.take();
    const place = new MachinePlace(this.#ground, network);
    let disks: Disks | undefined;
    try {
      disks = await images.disksOf(this.#ground, {});
      await place.prepare();
      const machine = place.start(size, disks.byName);
      const agent = new Agent(machine.line, { onOutput: () => {}, onExtensionOutput: () => {} });
      await machine.within(agent.done("booted"), bootMs, "booted");
      await saveState(place, machine, temporary, machineSize(size).hostMemoryMb);
      closeSync(files.keep(temporary, "template", identity));
    } finally {
      rmSync(temporary, { force: true });
      await place.leave();
      disks?.release();
      this.#namespaces.giveBack(network);
    }
  }
}
