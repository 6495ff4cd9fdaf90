/**
 * Machines that have booted and wait to be told whose they are: one is saved for each size, and environments go on from there.
 * Nothing of any function is in them. They are kept over restarts, as long as all that they were made of is the same.
 */
import { randomBytes } from "node:crypto";
import { openSync, renameSync, rmSync, utimesSync } from "node:fs";
import type { Size } from "../oci/limits.ts";
import type { NamespacePool } from "../oci/namespace-pool.ts";
import { SandboxError } from "../sandbox-error.ts";
import { Agent } from "./agent.ts";
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
    const path = this.#ground.images.pathOf("template", `${this.#ground.identity} ${cpus} ${memoryMb}`);
    const found = tryOpen(path);
    if (found !== undefined) return found;
    const making = this.#making.get(path) ?? this.#make(path, size).finally(() => this.#making.delete(path));
    this.#making.set(path, making);
    await making;
    const made = tryOpen(path);
    if (made === undefined) throw new SandboxError("what was made of a machine is gone");
    return made;
  }

  async #make(path: string, size: Size): Promise<void> {
    const { images, bootMs } = this.#ground;
    const network = await this.#namespaces.take();
    const place = new MachinePlace(this.#ground, network);
    const disks = await images.disksOf(this.#ground, {});
    const temporary = `${path}.${randomBytes(4).toString("hex")}`;
    try {
      await place.prepare();
      const machine = place.start(size, disks.byName);
      const agent = new Agent(machine.line, { onOutput: () => {}, onExtensionOutput: () => {} });
      await machine.within(agent.done("booted"), bootMs, "booted");
      await saveState(place, machine, temporary, machineSize(size).hostMemoryMb);
      renameSync(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
      await place.leave();
      disks.release();
      this.#namespaces.giveBack(network);
    }
  }
}

function tryOpen(path: string): number | undefined {
  try {
    const fd = openSync(path, "r");
    const now = new Date();
    utimesSync(path, now, now);
    return fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
