/**
 * For tests: a driver whose snapshots are the commands of what ran. A restore starts them anew, so that the runtime is initialised
 * again; all that is about snapshots but their being ones is as with a real driver.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { guardDriver } from "../sandbox/guarded.ts";
import { ProcessDriver } from "../sandbox/process/driver.ts";
import type { Sandbox, SandboxCommand, SandboxDriver, SandboxSnapshots } from "../sandbox/sandbox.ts";
import { SandboxError } from "../sandbox/sandbox-error.ts";
import type { SnapshotDriver } from "./snap-start.ts";

export interface PlayedSnapshots {
  readonly driver: SandboxDriver & SnapshotDriver;
  readonly calls: string[];
  /** May be changed by the test. */
  machine: string;
  /** What goes wrong from now on. */
  broken: "take" | "restore" | "going on" | undefined;
}

/** @param extra variables that a restored process finds beside its own */
export async function playSnapshots(extra: Readonly<Record<string, string>> = {}): Promise<PlayedSnapshots> {
  const processes = await ProcessDriver.open();
  const commands = new WeakMap<Sandbox, SandboxCommand>();
  const calls: string[] = [];
  const snapshots: SandboxSnapshots = {
    get machine() {
      return played.machine;
    },
    async take(sandbox, directory) {
      calls.push("take");
      if (played.broken === "take") throw new SandboxError("it cannot be taken");
      const taken = { address: sandbox.runtimeApiAddress, command: commands.get(sandbox) };
      await writeFile(join(directory, "command.json"), JSON.stringify(taken));
    },
    async restore(directory, spec) {
      calls.push("restore");
      if (played.broken === "restore") throw new SandboxError("it cannot be restored");
      const text = await readFile(join(directory, "command.json"), "utf8");
      const sandbox = await processes.create(spec);
      const { address } = JSON.parse(text) as { address: string };
      const moved = JSON.parse(text.replaceAll(address, sandbox.runtimeApiAddress)) as { command: SandboxCommand };
      const { command } = moved;
      const argv = played.broken === "going on" ? ["/bin/false"] : command.argv;
      const { exited } = await sandbox.start({ ...command, argv, environment: { ...command.environment, ...extra } });
      return { sandbox, exited, extensionsExited: [] };
    },
  };
  const driver = guardDriver({
    name: processes.name,
    capabilities: processes.capabilities,
    description: processes.description,
    snapshots,
    async create(spec) {
      calls.push("create");
      const sandbox = await processes.create(spec);
      const start = sandbox.start.bind(sandbox);
      sandbox.start = (command) => {
        commands.set(sandbox, command);
        return start(command);
      };
      return sandbox;
    },
    close: () => processes.close(),
  });
  const played: PlayedSnapshots = {
    driver: driver as SandboxDriver & SnapshotDriver,
    calls,
    machine: "played 1",
    broken: undefined,
  };
  return played;
}
