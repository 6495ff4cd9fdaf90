/** Warm invokes, signed, 1 KB, at concurrency 1 and 16, taken in turns with a bare node:http echo of the same body. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { deployEcho, NODE } from "./bench-functions.ts";
import { generateLoad } from "./load-process.ts";
import { invokeRequest, PAYLOAD, rawRequest } from "./prepared-request.ts";
import { cpuTimeUs } from "./process-figures.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

export interface WarmFigures {
  readonly server: "echo" | "invoke";
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of the server's own process for each request; what functions use is not in it. */
  readonly cpuUsPerRequest: number;
}

interface Contender {
  readonly server: WarmFigures["server"];
  readonly pid: number;
  readonly url: string;
  readonly request: Buffer;
}

export interface WarmPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

async function round({ server, pid, url, request }: Contender, concurrency: number, durationMs: number) {
  const before = cpuTimeUs(pid);
  const { requests, elapsedMs, latenciesUs } = await generateLoad(url, request, concurrency, durationMs);
  return {
    server,
    concurrency,
    requestsPerSecond: requests / (elapsedMs / 1000),
    p50Us: median(latenciesUs),
    p99Us: percentile(latenciesUs, 0.99),
    cpuUsPerRequest: (cpuTimeUs(pid) - before) / requests,
  } satisfies WarmFigures;
}

function medianOf(rounds: readonly WarmFigures[]): WarmFigures {
  const of = (figure: "requestsPerSecond" | "p50Us" | "p99Us" | "cpuUsPerRequest") =>
    median(rounds.map((one) => one[figure]));
  const { server, concurrency } = rounds[0] as WarmFigures;
  return {
    server,
    concurrency,
    requestsPerSecond: of("requestsPerSecond"),
    p50Us: of("p50Us"),
    p99Us: of("p99Us"),
    cpuUsPerRequest: of("cpuUsPerRequest"),
  };
}

/** The baseline, to be killed when it is not needed any more. */
export async function startEcho(): Promise<{ readonly child: ChildProcess; readonly contender: Contender }> {
  const child = fork(join(import.meta.dirname, "echo-server.ts"));
  const [port] = (await once(child, "message")) as [number];
  const request = rawRequest("POST", "/", { host: "127.0.0.1", "content-type": "application/json" }, PAYLOAD);
  const url = `http://127.0.0.1:${port}`;
  return { child, contender: { server: "echo", pid: child.pid as number, url, request } };
}

export async function measureWarmInvoke(region: RegionProcess, plan: WarmPlan): Promise<WarmFigures[]> {
  const name = "bench-warm";
  await deployEcho(region, NODE, name);
  const request = await invokeRequest(region, name);
  const invoke: Contender = { server: "invoke", pid: region.pid, url: region.target.endpoint, request };
  const echo = await startEcho();
  try {
    const figures: WarmFigures[] = [];
    for (const concurrency of [1, 16]) {
      const rounds: Record<WarmFigures["server"], WarmFigures[]> = { echo: [], invoke: [] };
      // Both get warm first: compiled code, and as many environments as there are callers.
      for (const contender of [echo.contender, invoke]) await round(contender, concurrency, plan.roundMs);
      for (let turn = 0; turn < plan.rounds; turn++) {
        rounds.echo.push(await round(echo.contender, concurrency, plan.roundMs));
        rounds.invoke.push(await round(invoke, concurrency, plan.roundMs));
      }
      figures.push(medianOf(rounds.echo), medianOf(rounds.invoke));
    }
    return figures;
  } finally {
    echo.child.kill();
  }
}
