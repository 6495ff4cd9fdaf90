/**
 * Network namespaces made ahead, each with a cable to the host where outbound traffic is possible. A namespace has no
 * name in the file system: only this process's descriptor and the processes inside keep it, and its cable with it, alive.
 */
import { closeSync, writeFileSync } from "node:fs";
import { run } from "./commands.ts";
import { addressesOf, interfaceName, SLOTS } from "./firewall.ts";
import type { Linux } from "./linux.ts";

/** Where the Runtime API and the region listen inside, as in AWS's own environments. */
export const INSIDE_ADDRESS = "169.254.100.1";
const MADE_AHEAD = 8;
const REFILL_DELAY_MS = 50;

export interface NetworkNamespace {
  /** Names the sandbox within the region: 0..2047, not reused soon. */
  readonly slot: number;
  readonly fd: number;
}

export class NamespacePool {
  readonly #linux: Linux;
  readonly #region: number;
  readonly #hasCable: boolean;
  readonly #ready: NetworkNamespace[] = [];
  readonly #taken = new Set<number>();
  #nextSlot = 0;
  #filling: Promise<void> | undefined;
  #refillTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(linux: Linux, region: number, hasCable: boolean) {
    this.#linux = linux;
    this.#region = region;
    this.#hasCable = hasCable;
  }

  async take(): Promise<NetworkNamespace> {
    const namespace = this.#ready.shift() ?? (await this.#make(1))[0];
    // Not at once: whoever takes one is about to start a function, which needs the processor more.
    this.#refillTimer ??= setTimeout(() => this.refill(), REFILL_DELAY_MS).unref();
    return namespace as NetworkNamespace;
  }

  giveBack(namespace: NetworkNamespace): void {
    closeSync(namespace.fd);
    this.#taken.delete(namespace.slot);
  }

  /** Give the sandbox's end of the cable its address again, of which whoever took it over has robbed it. */
  async readdress({ slot, fd }: NetworkNamespace): Promise<void> {
    if (!this.#hasCable) return;
    const commands = this.#addressing(slot).join("\n");
    await this.#linux.insideNetworkNamespace(fd, () => run("ip", ["-batch", "-"], commands));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#refillTimer);
    await this.#filling;
    for (const namespace of this.#ready.splice(0)) this.giveBack(namespace);
  }

  /** Make namespaces ahead, in the background. */
  refill(): void {
    clearTimeout(this.#refillTimer);
    this.#refillTimer = undefined;
    if (this.#filling || this.#isClosed || this.#ready.length >= MADE_AHEAD) return;
    this.#filling = this.#make(MADE_AHEAD - this.#ready.length).then(
      (made) => {
        this.#ready.push(...made);
        this.#filling = undefined;
      },
      // The next take() makes its own and reports what is wrong.
      () => {
        this.#filling = undefined;
      },
    );
  }

  async #make(count: number): Promise<NetworkNamespace[]> {
    const made: NetworkNamespace[] = [];
    try {
      const configured: Promise<string>[] = [];
      for (let index = 0; index < count; index++) {
        const namespace = { slot: this.#takeSlot(), fd: this.#linux.createNetworkNamespace() };
        made.push(namespace);
        configured.push(this.#configureInside(namespace));
      }
      await Promise.all(configured);
      if (this.#hasCable) await run("ip", ["-batch", "-"], made.map(({ slot }) => this.#hostSide(slot)).join("\n"));
    } catch (error) {
      for (const namespace of made) this.giveBack(namespace);
      throw error;
    }
    return made;
  }

  #configureInside({ slot, fd }: NetworkNamespace): Promise<string> {
    const home = `/proc/${process.pid}/fd/${this.#linux.homeNetworkFd}`;
    const cable = [
      `link add eth0 type veth peer name ${interfaceName(this.#region, slot)} netns ${home}`,
      "link set eth0 up",
      ...this.#addressing(slot),
    ];
    const commands = ["link set lo up", `address add ${INSIDE_ADDRESS}/32 dev lo`, ...(this.#hasCable ? cable : [])];
    return this.#linux.insideNetworkNamespace(fd, () => {
      disableIpv6();
      return run("ip", ["-batch", "-"], commands.join("\n"));
    });
  }

  #addressing(slot: number): string[] {
    const { host, inside } = addressesOf(this.#region, slot);
    return [`address add ${inside}/31 dev eth0`, `route add default via ${host}`];
  }

  #hostSide(slot: number): string {
    const name = interfaceName(this.#region, slot);
    return `address add ${addressesOf(this.#region, slot).host}/31 dev ${name}\nlink set ${name} up`;
  }

  /** In turn, so that a slot rests as long as possible: the kernel clears its old namespace away in its own time. */
  #takeSlot(): number {
    while (this.#taken.has(this.#nextSlot)) this.#nextSlot = (this.#nextSlot + 1) % SLOTS;
    const slot = this.#nextSlot;
    this.#taken.add(slot);
    this.#nextSlot = (slot + 1) % SLOTS;
    return slot;
  }
}

function disableIpv6(): void {
  for (const scope of ["all", "default"]) {
    try {
      writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, "1");
    } catch (error) {
      // A kernel without IPv6 has nothing to disable.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}
