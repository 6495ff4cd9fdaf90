/**
 * The container driver: each execution environment is an OCI container, launched by runc or crun from directories of
 * the host, with its own network namespace, control groups and user.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type CgroupLayout, readCgroupLayout } from "../oci/cgroup-layout.ts";
import { raiseFirewall } from "../oci/firewall.ts";
import { IMAGE_ROOT, makeImageShell } from "../oci/image-root.ts";
import { Linux } from "../oci/linux.ts";
import { MemoryWatcher } from "../oci/memory-watcher.ts";
import { NamespacePool } from "../oci/namespace-pool.ts";
import { prepareParentGroup } from "../oci/parent-group.ts";
import { buildDevices, buildRoot } from "../oci/rootfs.ts";
import { RunDirectory } from "../oci/run-directory.ts";
import { leaveMachine, regionCgroup, sweepRegion } from "../oci/sweep.ts";
import { tryOut } from "../oci/try-out.ts";
import { prepared } from "../prepared.ts";
import type { Capabilities, Cell, CellSpec, ImageRoot, Sandbox, SandboxDriver, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { ContainerCell } from "./cell.ts";
import type { Ground } from "./ground.ts";
import { findOciRuntimes, type OciRuntime, runtimeVersion } from "./oci-runtime.ts";
import { ContainerSandbox } from "./sandbox.ts";
import { seccompProfile } from "./seccomp.ts";

type Prepared = Omit<Ground, "runtime" | "hasUserNamespaces"> & {
  /** Why sandboxes have no network, if so. */
  readonly withoutNetwork: string | undefined;
};

async function layGround(linux: Linux, layout: CgroupLayout, runDirectory: RunDirectory): Promise<Prepared> {
  const { number, path } = runDirectory;
  const root = join(path, "root");
  const devices = join(path, "dev");
  for (const directory of [root, devices]) mkdirSync(directory, { mode: 0o755 });
  buildRoot(linux, root);
  buildDevices(linux, devices);
  const [shell, withoutNetwork] = await Promise.all([makeImageShell(join(path, "shell")), raiseFirewall(number)]);
  prepareParentGroup(layout, regionCgroup(number));
  return {
    linux,
    layout,
    runDirectory,
    root,
    shell,
    devices,
    stateRoot: join(path, "runtime"),
    seccomp: seccompProfile(),
    memoryWatcher: new MemoryWatcher(),
    withoutNetwork,
  };
}

/** Whether this kernel can bring directories into a sandbox that runs: try it. */
function canMountLate({ linux, devices, runDirectory }: Ground): boolean {
  const place = join(runDirectory.path, "late");
  mkdirSync(place, { recursive: true });
  try {
    linux.attachReadOnly(devices, place);
    linux.unmount(place);
    return true;
  } catch {
    return false;
  }
}

const CAPABILITIES: Capabilities = {
  freeze: true,
  memoryLimit: true,
  networkIsolation: true,
  readOnlyRoot: true,
  separateUser: true,
};

export class ContainerDriver implements SandboxDriver {
  readonly name = "container";
  readonly capabilities = CAPABILITIES;
  readonly description: string;
  readonly createCell?: (spec: CellSpec) => Promise<Cell>;
  readonly imageRoot?: ImageRoot;
  readonly #ground: Ground;
  readonly #namespaces: NamespacePool;
  readonly #sandboxes = new Set<ContainerSandbox>();

  private constructor(ground: Ground, namespaces: NamespacePool, description: string) {
    this.#ground = ground;
    if (ground.shell) this.imageRoot = IMAGE_ROOT;
    this.#namespaces = namespaces;
    this.description = description;
    if (canMountLate(ground)) this.createCell = (spec) => ContainerCell.create(spec, (sandbox) => this.#make(sandbox));
  }

  /**
   * Sweep up after dead regions, claim a number, build the shared root, raise the firewall, and try one sandbox out.
   * @param only the OCI runtime to use; otherwise the best that works
   * @throws SandboxError when this machine, whatever probe.ts saw, does not let a sandbox run
   */
  static async open(only?: OciRuntime["name"]): Promise<ContainerDriver> {
    const layout = readCgroupLayout();
    const found = layout ? findOciRuntimes(layout) : [];
    const runtimes = found.filter(({ name }) => only === undefined || name === only);
    if (!layout || runtimes.length === 0) {
      throw new SandboxError("containers are not possible here", { hint: "see `alonzo doctor`" });
    }
    const linux = Linux.open();
    const runDirectory = await RunDirectory.claim(linux, (number) => sweepRegion(linux, layout, number));
    try {
      return await ContainerDriver.#firstThatWorks(runtimes, await layGround(linux, layout, runDirectory));
    } catch (cause) {
      await leaveMachine(linux, layout, runDirectory);
      throw new SandboxError(`a container cannot be started: ${(cause as Error).message}`, {
        hint: "run on the machine itself or in a privileged container with its own cgroups",
        cause,
      });
    }
  }

  static async #firstThatWorks(runtimes: readonly OciRuntime[], prepared: Prepared): Promise<ContainerDriver> {
    const { withoutNetwork, ...ground } = prepared;
    const network = withoutNetwork === undefined ? "outbound network by nftables" : `no network: ${withoutNetwork}`;
    const { linux, layout, runDirectory } = ground;
    const namespaces = new NamespacePool(linux, runDirectory.number, withoutNetwork === undefined);
    const failures: string[] = [];
    // Users of its own are worth more than the quicker runtime.
    const ways = [true, false].flatMap((hasUserNamespaces) =>
      runtimes.map((runtime) => ({ runtime, hasUserNamespaces })),
    );
    for (const way of ways) {
      try {
        const users = way.hasUserNamespaces ? "users of its own" : "no user namespaces";
        const description = `${await runtimeVersion(way.runtime)}, cgroup ${layout.kind}, ${users}, ${network}`;
        const driver = new ContainerDriver({ ...ground, ...way }, namespaces, description);
        await tryOut(driver, ground.devices);
        namespaces.refill();
        return driver;
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    await namespaces.close();
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
    const { linux, layout, runDirectory } = this.#ground;
    await leaveMachine(linux, layout, runDirectory);
  }

  async #make(spec: SandboxSpec): Promise<ContainerSandbox> {
    const network = await this.#namespaces.take();
    const sandbox = new ContainerSandbox(spec, this.#ground, network, () => {
      this.#sandboxes.delete(sandbox);
      this.#namespaces.giveBack(network);
    });
    this.#sandboxes.add(sandbox);
    return sandbox;
  }
}
