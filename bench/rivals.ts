/**
 * Warm invokes of what else runs Lambda functions on a developer's machine, in turns with a region and with the same function:
 * the official runtime interface emulator (one invocation at a time is all it takes) and serverless-offline. Neither isolates
 * functions nor authenticates callers; the region does both. A rival that cannot be had or started is named with the reason.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { NODE } from "./bench-functions.ts";
import { PAYLOAD, rawRequest } from "./prepared-request.ts";
import type { RegionProcess } from "./region-process.ts";
import { installEmulator, installOffline } from "./rival-programs.ts";
import { type Contender, type LoadFigures, type TurnsPlan, takeTurns } from "./turns.ts";
import { invokeContender } from "./warm-invoke.ts";

const BOOTSTRAP = join(import.meta.dirname, "..", "runtimes", "nodejs", "index.cjs");
const START_MS = 60_000;

export interface RivalFigures {
  readonly loads: readonly LoadFigures[];
  readonly unavailable: readonly { readonly server: string; readonly why: string }[];
}

interface Rival {
  readonly name: string;
  readonly concurrencies: readonly number[];
  /** @param directory of the function; what else it holds is the rival's own */
  start(directory: string): Promise<RunningRival>;
}

interface RunningRival {
  readonly child: ChildProcess;
  readonly url: string;
  readonly path: string;
}

const EMULATOR: Rival = {
  name: "runtime interface emulator",
  concurrencies: [1],
  async start(directory) {
    const program = await installEmulator();
    const [port, apiPort] = await freePorts(2);
    const addresses = ["--runtime-interface-emulator-address", `127.0.0.1:${port}`];
    const child = spawn(
      program,
      [...addresses, "--runtime-api-address", `127.0.0.1:${apiPort}`, process.execPath, BOOTSTRAP, NODE.handler],
      { stdio: "ignore", env: { PATH: process.env.PATH, LAMBDA_TASK_ROOT: directory } },
    );
    return { child, url: `http://127.0.0.1:${port}`, path: "/2015-03-31/functions/function/invocations" };
  },
};

const OFFLINE: Rival = {
  name: "serverless-offline",
  concurrencies: [1, 16],
  async start(directory) {
    const modules = await installOffline();
    const service = {
      service: "rival",
      frameworkVersion: "3",
      provider: { name: "aws", runtime: "nodejs20.x", stage: "bench" },
      plugins: ["serverless-offline"],
      functions: { echo: { handler: NODE.handler } },
    };
    await writeFile(join(directory, "serverless.json"), JSON.stringify(service));
    await symlink(modules, join(directory, "node_modules"));
    const [httpPort, port, albPort] = await freePorts(3);
    const ports = ["--httpPort", `${httpPort}`, "--lambdaPort", `${port}`, "--albPort", `${albPort}`];
    const child = spawn(
      process.execPath,
      [join(modules, "serverless", "bin", "serverless.js"), "offline", "start", ...ports],
      {
        cwd: directory,
        stdio: "ignore",
        env: {
          PATH: process.env.PATH,
          HOME: directory,
          SLS_TELEMETRY_DISABLED: "1",
          SLS_NOTIFICATIONS_MODE: "off",
        },
      },
    );
    return { child, url: `http://127.0.0.1:${port}`, path: "/2015-03-31/functions/rival-bench-echo/invocations" };
  },
};

export async function measureRivals(region: RegionProcess, plan: TurnsPlan): Promise<RivalFigures> {
  const loads: LoadFigures[] = [];
  const unavailable: { server: string; why: string }[] = [];
  const alonzo: Contender = await invokeContender(region, "alonzo");
  for (const rival of [EMULATOR, OFFLINE]) {
    const directory = await mkdtemp(join(tmpdir(), "alonzo-rival-"));
    let running: RunningRival | undefined;
    try {
      await writeFile(join(directory, NODE.file), NODE.source);
      running = await rival.start(directory);
      await untilAnswers(running);
      const { child, url, path } = running;
      const request = rawRequest(
        "POST",
        path,
        { host: new URL(url).host, "content-type": "application/json" },
        PAYLOAD,
      );
      const contenders = [alonzo, { server: rival.name, pid: child.pid as number, url, request }];
      for (const concurrency of rival.concurrencies) loads.push(...(await takeTurns(contenders, concurrency, plan)));
    } catch (error) {
      unavailable.push({ server: rival.name, why: (error as Error).message });
    } finally {
      if (running !== undefined) await stop(running.child);
      await rm(directory, { recursive: true, force: true });
    }
  }
  return { loads, unavailable };
}

/** It must give the event back: what answers faster with an error is no rival. */
async function untilAnswers({ child, url, path }: RunningRival): Promise<void> {
  let last = "nothing";
  for (const giveUpAt = performance.now() + START_MS; performance.now() < giveUpAt; await delay(100)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      const response = await fetch(url + path, {
        method: "POST",
        body: PAYLOAD,
        signal: AbortSignal.timeout(START_MS),
      });
      const body = await response.text();
      if (response.status === 200 && body === PAYLOAD) return;
      last = `${response.status} ${body.slice(0, 200)}`;
    } catch (error) {
      last = String((error as Error).cause ?? error);
    }
  }
  throw new Error(`it did not answer as it should within ${START_MS / 1000} s; last: ${last}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const impatient = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exited;
  clearTimeout(impatient);
}

/** Rivals cannot be told to pick one themselves. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, "listening");
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}
