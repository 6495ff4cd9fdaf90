/**
 * The gVisor driver: each execution environment is a sandbox of runsc, in which a kernel of its own, a program without
 * rights on the host, answers the function's system calls. It has its own network namespace and control groups, and can be
 * saved and restored.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type CgroupLayout, readCgroupLayout } from "../oci/cgroup-layout.ts";
import { run } from "../oci/commands.ts";
import { raiseFirewall } from "../oci/firewall.ts";
import { carryProgram, IMAGE_ROOT, type ImageShell, SHELL_DIRECTORY } from "../oci/image-root.ts";
import { Linux } from "../oci/linux.ts";
import { MemoryWatcher } from "../oci/memory-watcher.ts";
import { NamespacePool } from "../oci/namespace-pool.ts";
import { prepareParentGroup } from "../oci/parent-group.ts";
import { buildRoot } from "../oci/rootfs.ts";
import { RunDirectory } from "../oci/run-directory.ts";
import { leaveMachine, regionCgroup, sweepRegion } from "../oci/sweep.ts";
import { tryOut } from "../oci/try-out.ts";
import { prepared } from "../prepared.ts";
import type { Capabilities, ImageRoot, Sandbox, SandboxDriver, SandboxSnapshots, SandboxSpec } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { Ground } from "./ground.ts";
import { findRunsc, type Runsc } from "./runsc.ts";
import { GvisorSandbox } from "./sandbox.ts";
import { GvisorSnapshots } from "./snapshots.ts";

const CAPABILITIES: Capabilities = {
  freeze: true,
  memoryLimit: true,
  networkIsolation: true,
  readOnlyRoot: true,
  separateUser: true,
};

async function layGround(
  linux: Linux,
  layout: CgroupLayout,
  runsc: Runsc,
  runDirectory: RunDirectory,
): Promise<{ readonly ground: Ground; readonly description: string }> {
  const { number, path } = runDirectory;
  const root = join(path, "root");
  mkdirSync(root, { mode: 0o755 });
  buildRoot(linux, root);
  const [imagePerl, withoutNetwork] = await Promise.all([carryPerl(join(path, "perl")), raiseFirewall(number)]);
  prepareParentGroup(layout, regionCgroup(number));
  const namespaces = new NamespacePool(linux, number, withoutNetwork === undefined);
  const network = withoutNetwork === undefined ? "outbound network by nftables" : `no network: ${withoutNetwork}`;
  const description = `${runsc.version} by ptrace, cgroup ${layout.kind}, ${network}`;
  const stateRoot = join(path, "runtime");
  const memoryWatcher = new MemoryWatcher();
  const ground = { linux, layout, runsc, runDirectory, namespaces, imagePerl, root, stateRoot, memoryWatcher };
  return { ground, description };
}

/** Perl for roots that may have none, with the two modules that process-one.pl uses. */
async function carryPerl(directory: string): Promise<ImageShell | undefined> {
  const perl = await carryProgram(directory, "/usr/bin/perl");
  if (!perl) return undefined;
  const modules = await run("perl", ["-e", 'use strict; use warnings; print join "\\n", values %INC']);
  for (const path of modules.split("\n")) copyFileSync(path, join(directory, basename(path)));
  return { ...perl, argv: [...perl.argv, `-I${SHELL_DIRECTORY}`] };
}

export class GvisorDriver implements SandboxDriver {
  readonly name = "gvisor";
  readonly capabilities = CAPABILITIES;
  readonly description: string;
  readonly imageRoot?: ImageRoot;
  readonly snapshots: SandboxSnapshots;
  readonly #ground: Ground;
  readonly #sandboxes = new Set<GvisorSandbox>();

  private constructor(ground: Ground, description: string) {
    this.#ground = ground;
    this.description = description;
    if (ground.imagePerl) this.imageRoot = IMAGE_ROOT;
    this.snapshots = new GvisorSnapshots(ground.runsc, (spec) => this.#make(spec));
  }

  /**
   * Sweep up after dead regions, claim a number, build the shared root, raise the firewall, and try one sandbox out.
   * @throws SandboxError when this machine, whatever probe.ts saw, does not let a sandbox run
   */
  static async open(): Promise<GvisorDriver> {
    const layout = readCgroupLayout();
    const linux = Linux.open();
    const runsc = await findRunsc(linux);
    if (!layout || !runsc) throw new SandboxError("gVisor is not possible here", { hint: "see `alonzo doctor`" });
    const runDirectory = await RunDirectory.claim(linux, (number) => sweepRegion(linux, layout, number));
    try {
      const { ground, description } = await layGround(linux, layout, runsc, runDirectory);
      const driver = new GvisorDriver(ground, description);
      await tryOut(driver, ground.root);
      ground.namespaces.refill();
      return driver;
    } catch (cause) {
      await leaveMachine(linux, layout, runDirectory);
      throw new SandboxError(`gVisor cannot be started: ${(cause as Error).message}`, {
        hint: "run on the machine itself or in a privileged container with its own cgroups",
        cause,
      });
    }
  }

  /** Which of this machine's regions it serves: everything it makes on the machine is named from this. */
  get regionNumber(): number {
    return this.#ground.runDirectory.number;
  }

  create(spec: SandboxSpec): Promise<Sandbox> {
    return this.#make(spec);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.destroy()));
    const { linux, layout, runDirectory, namespaces } = this.#ground;
    await namespaces.close();
    await leaveMachine(linux, layout, runDirectory);
  }

  async #make(spec: SandboxSpec): Promise<GvisorSandbox> {
    const { namespaces } = this.#ground;
    const network = await namespaces.take();
    const sandbox = new GvisorSandbox(spec, this.#ground, network, () => {
      this.#sandboxes.delete(sandbox);
      namespaces.giveBack(network);
    });
    this.#sandboxes.add(sandbox);
    return prepared(sandbox);
  }
}
