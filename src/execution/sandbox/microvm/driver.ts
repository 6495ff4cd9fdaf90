/**
 * The microVM driver: each execution environment is a machine of its own, with a kernel of its own, run by QEMU; by KVM where
 * that works, otherwise emulated.
 */
import { lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type CgroupLayout, readCgroupLayout } from "../oci/cgroup-layout.ts";
import { raiseFirewall } from "../oci/firewall.ts";
import { Linux } from "../oci/linux.ts";
import { NamespacePool } from "../oci/namespace-pool.ts";
import { prepareParentGroup } from "../oci/parent-group.ts";
import { buildRoot, OWN_DIRECTORY } from "../oci/rootfs.ts";
import { RunDirectory } from "../oci/run-directory.ts";
import { leaveMachine, regionCgroup, sweepRegion } from "../oci/sweep.ts";
import { tryOut } from "../oci/try-out.ts";
import { prepared } from "../prepared.ts";
import type { Capabilities, Sandbox, SandboxDriver, SandboxSnapshots, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { DiskImages } from "./disk-images.ts";
import type { Ground } from "./ground.ts";
import { makeJail } from "./jail.ts";
import { KeptFiles } from "./kept-files.ts";
import type { Accelerator } from "./machine.ts";
import { MachinePlace } from "./machine-place.ts";
import { accelerators, qemuVersion } from "./probe.ts";
import { MicrovmSandbox } from "./sandbox.ts";
import { MicrovmSnapshots } from "./snapshots.ts";
import { Templates } from "./templates.ts";

const CAPABILITIES: Capabilities = {
  freeze: true,
  memoryLimit: true,
  networkIsolation: true,
  readOnlyRoot: true,
  separateUser: true,
};

/** Where what is installed on the host shows, of which the guests' root is made. */
const INSTALLED = ["/var/lib/dpkg/status", "/usr/bin", "/usr/lib", "/usr/lib/python3/dist-packages", "/etc/ssl/certs"];
const RESOLVER = "etc/resolv.conf";

/** A boot takes some hundreds of ms with KVM, some thousands without; more where many boot at once. */
const BOOT_MS = 60_000;
/** On some machines guests hang that are run by KVM: nobody is to wait long for these. */
const KVM_TRIAL_MS = 5000;

type Prepared = Omit<Ground, "accelerator" | "bootMs" | "identity"> & {
  readonly withoutNetwork: string | undefined;
  /** What guests begin with. */
  readonly firstPrograms: string;
};

async function layGround(linux: Linux, layout: CgroupLayout, runDirectory: RunDirectory): Promise<Prepared> {
  const { number, path } = runDirectory;
  const root = join(path, "root");
  const jail = join(path, "jail");
  const empty = join(path, "empty");
  for (const directory of [root, jail, empty]) mkdirSync(directory, { mode: 0o755 });
  buildRoot(linux, root);
  const nameServers = readFileSync(join(root, RESOLVER), "utf8");
  // These change more often than what is installed: each guest is told its own.
  rmSync(join(root, RESOLVER));
  symlinkSync(join(OWN_DIRECTORY, "resolv.conf"), join(root, RESOLVER));
  const firstPrograms = makeJail(linux, jail);
  const files = new KeptFiles();
  const withoutNetwork = await raiseFirewall(number);
  prepareParentGroup(layout, regionCgroup(number));
  return {
    linux,
    layout,
    runDirectory,
    jail,
    root,
    firstPrograms,
    rootIdentity: INSTALLED.map(identityOf).join("\n"),
    nameServers,
    files,
    images: new DiskImages(files),
    hasOutside: withoutNetwork === undefined,
    withoutNetwork,
  };
}

function identityOf(path: string): string {
  if (!lstatSync(path, { throwIfNoEntry: false })) return path;
  const { mtimeMs, size } = statSync(path);
  return `${path} ${mtimeMs} ${size}`;
}

export class MicrovmDriver implements SandboxDriver {
  readonly name = "microvm";
  readonly capabilities = CAPABILITIES;
  readonly description: string;
  readonly snapshots: SandboxSnapshots;
  readonly #ground: Ground;
  readonly #namespaces: NamespacePool;
  readonly #templates: Templates;
  readonly #sandboxes = new Set<MicrovmSandbox>();

  private constructor(ground: Ground, namespaces: NamespacePool, description: string) {
    this.#ground = ground;
    this.#namespaces = namespaces;
    this.#templates = new Templates(ground, namespaces);
    this.description = description;
    this.snapshots = new MicrovmSnapshots(ground, (spec) => this.#make(spec));
  }

  /**
   * Sweep up after dead regions, claim a number, make root and jail, raise the firewall, and try one machine out.
   * @param only how machines are run; otherwise the best that works
   * @throws SandboxError when this machine, whatever probe.ts saw, does not let a microVM run
   */
  static async open(only?: Accelerator): Promise<MicrovmDriver> {
    const layout = readCgroupLayout();
    if (!layout) throw new SandboxError("no cgroup control", { hint: "see `alonzo doctor`" });
    const linux = Linux.open();
    const runDirectory = await RunDirectory.claim(linux, (number) => sweepRegion(linux, layout, number));
    try {
      const candidates = only === undefined ? await accelerators() : [only];
      return await MicrovmDriver.#firstThatWorks(candidates, await layGround(linux, layout, runDirectory));
    } catch (cause) {
      await leaveMachine(linux, layout, runDirectory);
      throw new SandboxError(`a microVM cannot be started: ${(cause as Error).message}`, {
        hint: "see docs/isolation.md",
        cause,
      });
    }
  }

  static async #firstThatWorks(candidates: readonly Accelerator[], prepared: Prepared): Promise<MicrovmDriver> {
    const { withoutNetwork, firstPrograms, ...ground } = prepared;
    const network = withoutNetwork === undefined ? "outbound network by nftables" : `no network: ${withoutNetwork}`;
    const { linux, layout, runDirectory } = ground;
    const namespaces = new NamespacePool(linux, runDirectory.number, ground.hasOutside);
    const failures: string[] = [];
    for (const accelerator of candidates) {
      const how = accelerator === "kvm" ? "KVM" : "software emulation: SLOW";
      const description = `${await qemuVersion()}, ${how}, cgroup ${layout.kind}, ${network}`;
      const identity = `${ground.rootIdentity} ${firstPrograms} ${description}`;
      const open = (bootMs: number) =>
        new MicrovmDriver({ ...ground, accelerator, bootMs, identity }, namespaces, description);
      try {
        await tryOut(open(accelerator === "kvm" ? KVM_TRIAL_MS : BOOT_MS), join(ground.runDirectory.path, "empty"));
        namespaces.refill();
        return open(BOOT_MS);
      } catch (error) {
        failures.push(`${accelerator}: ${(error as Error).message}`);
      }
    }
    await namespaces.close();
    await ground.images.close();
    throw new SandboxError(failures.join("; "));
  }

  /** Which of this machine's regions it serves: everything it makes on the machine is named from this. */
  get regionNumber(): number {
    return this.#ground.runDirectory.number;
  }

  async create(spec: SandboxSpec): Promise<Sandbox> {
    return prepared(await this.#make(spec));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.destroy()));
    await this.#namespaces.close();
    const { linux, layout, runDirectory, images } = this.#ground;
    await images.close();
    await leaveMachine(linux, layout, runDirectory);
  }

  async #make(spec: SandboxSpec): Promise<MicrovmSandbox> {
    const network = await this.#namespaces.take();
    const place = new MachinePlace(this.#ground, network);
    const sandbox = new MicrovmSandbox(spec, this.#ground, this.#templates, place, () => {
      this.#sandboxes.delete(sandbox);
      this.#namespaces.giveBack(network);
    });
    this.#sandboxes.add(sandbox);
    return sandbox;
  }
}
