/**
 * Starts a region for quickstart even when another one already has the configured port or data directory: on a free
 * port, in a temporary directory, and saying so. `alonzo start` refuses instead.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { type Region, startRegion } from "../region.ts";
import { isDataDirectoryInUse, startFailure } from "./start-failure.ts";

export interface Started {
  readonly region: Region;
  /** Let running invocations finish, end the region, and remove what was temporary. */
  readonly close: () => Promise<void>;
}

async function isTaken(host: string, port: number): Promise<boolean> {
  if (port === 0) return false;
  const server = createServer();
  try {
    await once(server.listen(port, host), "listening");
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  } finally {
    server.close();
  }
}

/** @throws ConfigError when not even that works, for a reason that the operator can mend */
export async function startAnyway(wanted: Config, say: (line: string) => void): Promise<Started> {
  let config = wanted;
  if (await isTaken(config.host, config.port)) {
    say(`port ${config.port} is taken: using a free one`);
    config = { ...config, port: 0 };
  }
  try {
    const region = await startRegion(config);
    return { region, close: () => region.close() };
  } catch (error) {
    if (!isDataDirectoryInUse(error)) throw startFailure(error, config);
    say(`${error.message}: using a temporary directory`);
    return startTemporarily(config);
  }
}

async function startTemporarily(config: Config): Promise<Started> {
  const dataDir = await mkdtemp(join(tmpdir(), "alonzo-"));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const region = await startRegion({ ...config, dataDir });
    return { region, close: () => region.close().finally(remove) };
  } catch (error) {
    await remove();
    throw startFailure(error, config);
  }
}
