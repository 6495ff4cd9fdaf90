/**
 * The container driver: each execution environment is an OCI container, launched by runc or crun from directories of
 * the host, with its own network namespace, control groups and user.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Capabilities, Sandbox, SandboxDriver, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import { prepareParentGroup } from "./cgroup.ts";
import { readCgroupLayout } from "./cgroup-layout.ts";
import { raiseFirewall } from "./firewall.ts";
import type { Ground } from "./ground.ts";
import { Linux } from "./linux.ts";
import { MemoryWatcher } from "./memory-watcher.ts";
import { NamespacePool } from "./namespace-pool.ts";
import { chooseOciRuntime, runtimeVersion } from "./oci-runtime.ts";
import { buildDevices, buildRoot } from "./rootfs.ts";
import { RunDirectory } from "./run-directory.ts";
import { ContainerSandbox } from "./sandbox.ts";
import { seccompProfile } from "./seccomp.ts";
import { regionCgroup, sweepRegion } from "./sweep.ts";

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
  readonly #ground: Ground;
  readonly #namespaces: NamespacePool;
  readonly #sandboxes = new Set<ContainerSandbox>();

  private constructor(ground: Ground, namespaces: NamespacePool, description: string) {
    this.#ground = ground;
    this.#namespaces = namespaces;
    this.description = description;
  }

  /**
   * Sweep up after dead regions, claim a number, build the shared root and raise the firewall.
   * @throws SandboxError when the machine lacks something; probe.ts says so beforehand
   */
  static async open(): Promise<ContainerDriver> {
    const layout = readCgroupLayout();
    const runtime = layout && chooseOciRuntime(layout);
    if (!layout || !runtime)
      throw new SandboxError("containers are not possible here", { hint: "see `alonzo doctor`" });
    const linux = Linux.open();
    const runDirectory = await RunDirectory.claim(linux, (number) => sweepRegion(linux, layout, number));
    const root = join(runDirectory.path, "root");
    const devices = join(runDirectory.path, "dev");
    for (const directory of [root, devices]) mkdirSync(directory, { mode: 0o755 });
    buildRoot(linux, root);
    buildDevices(linux, devices);
    prepareParentGroup(layout, regionCgroup(runDirectory.number));
    const [withoutNetwork, version] = await Promise.all([raiseFirewall(runDirectory.number), runtimeVersion(runtime)]);
    const ground: Ground = {
      linux,
      layout,
      runtime,
      runDirectory,
      root,
      devices,
      stateRoot: join(runDirectory.path, "runtime"),
      seccomp: seccompProfile(),
      memoryWatcher: new MemoryWatcher(),
    };
    const network =
      withoutNetwork === undefined ? "outbound network by nftables" : `no outbound network: ${withoutNetwork}`;
    const namespaces = new NamespacePool(linux, runDirectory.number, withoutNetwork === undefined);
    namespaces.refill();
    return new ContainerDriver(ground, namespaces, `${version}, cgroup ${layout.kind}, ${network}`);
  }

  async create(spec: SandboxSpec): Promise<Sandbox> {
    const network = await this.#namespaces.take();
    const sandbox = new ContainerSandbox(spec, this.#ground, network, () => {
      this.#sandboxes.delete(sandbox);
      this.#namespaces.giveBack(network);
    });
    this.#sandboxes.add(sandbox);
    try {
      await sandbox.prepare();
    } catch (error) {
      await sandbox.destroy();
      throw error;
    }
    return sandbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.destroy()));
    await this.#namespaces.close();
    const { linux, layout, runDirectory } = this.#ground;
    await sweepRegion(linux, layout, runDirectory.number);
    runDirectory.close();
    linux.close();
  }
}
