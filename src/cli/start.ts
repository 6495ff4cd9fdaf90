/** `alonzo start`: runs a region until a signal, then lets running invocations finish and exits 0. */
import { startRegion } from "../region.ts";
import { readArguments } from "./arguments.ts";
import { startFailure } from "./start-failure.ts";
import { stopSignal } from "./stop-signal.ts";
import { print } from "./terminal.ts";

export async function run(args: readonly string[]): Promise<number> {
  const { config } = readArguments(args);
  const stopped = stopSignal();
  const region = await startRegion(config).catch((error: unknown) => {
    throw startFailure(error, config);
  });
  for (const notice of region.notices) process.stderr.write(`${notice}\n`);
  print(`Alonzo is ready at ${region.url}, isolation: ${region.isolation}`);
  const signal = await stopped;
  process.stderr.write(`${signal}: no new work; running invocations finish first, a second signal ends at once\n`);
  await region.close();
  return 0;
}
