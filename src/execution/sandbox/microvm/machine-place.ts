/** The place of one machine on the host: its network, its user, its control group, and the machine when it was started there. */
import { chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { killCgroup, removeCgroup } from "../oci/cgroup.ts";
import type { Size } from "../oci/limits.ts";
import { INSIDE_ADDRESS, type NetworkNamespace } from "../oci/namespace-pool.ts";
import { regionCgroup } from "../oci/sweep.ts";
import { userIdOf } from "../oci/user-ids.ts";
import type { Ground } from "./ground.ts";
import { layCable } from "./guest-network.ts";
import { Machine, type MachineParts } from "./machine.ts";
import { enterGroup } from "./machine-group.ts";
import { machineSize } from "./machine-size.ts";

export class MachinePlace {
  readonly #ground: Ground;
  readonly #network: NetworkNamespace;
  readonly #cgroupPath: string;
  readonly #userId: number;
  #machine: Machine | undefined;

  constructor(ground: Ground, network: NetworkNamespace) {
    const { number } = ground.runDirectory;
    this.#ground = ground;
    this.#network = network;
    this.#cgroupPath = join(regionCgroup(number), String(network.slot));
    this.#userId = userIdOf(number, network.slot);
  }

  async prepare(): Promise<void> {
    const { linux, hasOutside } = this.#ground;
    await layCable(linux, this.#network, this.#userId, hasOutside);
  }

  /** Run something inside the network. Must not await. */
  inside<T>(action: () => T): T {
    return this.#ground.linux.insideNetworkNamespace(this.#network.fd, action);
  }

  /** @param stateFd of a machine of the same size, which goes on where that was; it boots without */
  start(size: Size, disks: MachineParts["disks"], stateFd?: number): Machine {
    const { layout, jail, accelerator } = this.#ground;
    const parts = {
      jail,
      accelerator,
      disks,
      size: machineSize(size),
      userId: this.#userId,
      regionAddress: INSIDE_ADDRESS,
    };
    const machine = this.inside(() => Machine.start({ ...parts, ...(stateFd !== undefined && { stateFd }) }));
    this.#machine = machine;
    if (machine.pid !== undefined) {
      enterGroup(layout, this.#cgroupPath, machine.pid, size.memoryMb, parts.size.hostMemoryMb);
    }
    return machine;
  }

  /** A directory that this machine's QEMU, and no other, may use: where it is, and where QEMU sees it. */
  ownDirectory(): { readonly path: string; readonly inJail: string } & Disposable {
    const inJail = `/run/${this.#network.slot}`;
    const path = join(this.#ground.jail, inJail);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, this.#userId, this.#userId);
    return { path, inJail, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
  }

  /** Nothing of it is left afterwards, but the network, which is its owner's. */
  async leave(): Promise<void> {
    this.#machine?.kill();
    await this.#machine?.gone;
    killCgroup(this.#ground.layout, this.#cgroupPath);
    await removeCgroup(this.#ground.layout, this.#cgroupPath);
  }
}
