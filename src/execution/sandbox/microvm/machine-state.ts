/** Saves a machine that runs: its memory, its processors and devices, as QEMU moves them to another host. */
import { createWriteStream } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SandboxError } from "../sandbox-error.ts";
import type { Machine } from "./machine.ts";
import type { MachinePlace } from "./machine-place.ts";
import { Monitor } from "./monitor.ts";

const SOCKET = "state";
/** Bytes a second: as fast as it goes. */
const BANDWIDTH = 100_000_000_000;
const MB = 1024 * 1024;

/**
 * Write the state to a file. The machine has stopped then.
 * @param mostMb what a state may be at most: it comes from a process that a guest may have taken over
 */
export async function saveState(place: MachinePlace, machine: Machine, file: string, mostMb: number): Promise<void> {
  using own = place.ownDirectory();
  const monitor = new Monitor(machine.monitor);
  await monitor.negotiate();
  const server = createServer();
  try {
    const connected = new Promise<Socket>((resolve, reject) => {
      server.once("connection", resolve);
      server.once("error", reject);
      void machine.gone.then(() => reject(new SandboxError("the machine is gone")));
    });
    // Where QEMU refuses, nobody awaits it.
    connected.catch(() => {});
    // Only its user passes through the directory.
    server.listen({ path: join(own.path, SOCKET), writableAll: true });
    await monitor.ask("migrate-set-parameters", { "max-bandwidth": BANDWIDTH });
    await monitor.ask("migrate", { uri: `unix:${join(own.inJail, SOCKET)}` });
    await pipeline(await connected, atMost(mostMb * MB), createWriteStream(file, { mode: 0o600 }));
    const { status } = (await monitor.ask("query-migrate")) as { readonly status?: string };
    if (status !== "completed") throw new SandboxError(`QEMU could not save the machine: ${status}`);
  } finally {
    server.close();
  }
}

function atMost(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length;
      if (seen > bytes) done(new SandboxError("the state is larger than the machine"));
      else done(null, chunk);
    },
  });
}
