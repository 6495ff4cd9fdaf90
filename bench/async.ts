/**
 * Asynchronous invocation: how many events a second are accepted (each on the disk before its 202), beside a bare echo of
 * the same body; how fast they run; and what synchronous callers feel of it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { deployEcho, NODE } from "./bench-functions.ts";
import { generateLoad } from "./load-process.ts";
import { invokeRequest } from "./prepared-request.ts";
import { cpuTimeUs } from "./process-figures.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";
import type { TurnsPlan } from "./turns.ts";
import { startEcho } from "./warm-invoke.ts";

const ACCEPT_CONCURRENCY = 64;
const SYNC_CONCURRENCY = 4;
/** Senders of events while synchronous latency is measured: as many as callers; a flood is as many as were accepted. */
const BESIDE_CONCURRENCY = 4;

export interface AsyncFigures {
  readonly echoPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly acceptP50Us: number;
  readonly acceptP99Us: number;
  /** CPU time of the region for each accepted event, with what it already ran of them meanwhile. */
  readonly cpuUsPerEvent: number;
  /** Events that ran, from the first that was accepted until the queue was empty. */
  readonly ranPerSecond: number;
  readonly syncP99Us: number;
  readonly syncP99BesideEventsUs: number;
  readonly syncP99BesideFloodUs: number;
}

export async function measureAsync(region: RegionProcess, { rounds, roundMs }: TurnsPlan): Promise<AsyncFigures> {
  await deployEcho(region, NODE, "bench-async");
  await deployEcho(region, NODE, "bench-sync");
  const event = await invokeRequest(region, "bench-async", { "x-amz-invocation-type": "Event" });
  const sync = await invokeRequest(region, "bench-sync");
  const { endpoint } = region.target;
  const echo = await startEcho();
  try {
    const load = (url: string, request: Buffer, concurrency: number) =>
      generateLoad(url, request, concurrency, roundMs);
    await load(endpoint, sync, SYNC_CONCURRENCY);
    const turns: AsyncFigures[] = [];
    for (let turn = 0; turn <= rounds; turn++) {
      const echoed = await load(echo.contender.url, echo.contender.request, ACCEPT_CONCURRENCY);
      const cpuBefore = cpuTimeUs(region.pid);
      const started = performance.now();
      const accepted = await load(endpoint, event, ACCEPT_CONCURRENCY);
      const cpuUs = cpuTimeUs(region.pid) - cpuBefore;
      await untilEmpty(region);
      const drainedMs = performance.now() - started;
      const alone = await load(endpoint, sync, SYNC_CONCURRENCY);
      const beside = async (senders: number) => {
        const both = [load(endpoint, sync, SYNC_CONCURRENCY), load(endpoint, event, senders)] as const;
        const [{ latenciesUs }] = await Promise.all(both);
        await untilEmpty(region);
        return percentile(latenciesUs, 0.99);
      };
      turns.push({
        echoPerSecond: echoed.requests / (echoed.elapsedMs / 1000),
        acceptedPerSecond: accepted.requests / (accepted.elapsedMs / 1000),
        acceptP50Us: median(accepted.latenciesUs),
        acceptP99Us: percentile(accepted.latenciesUs, 0.99),
        cpuUsPerEvent: cpuUs / accepted.requests,
        ranPerSecond: accepted.requests / (drainedMs / 1000),
        syncP99Us: percentile(alone.latenciesUs, 0.99),
        syncP99BesideEventsUs: await beside(BESIDE_CONCURRENCY),
        syncP99BesideFloodUs: await beside(ACCEPT_CONCURRENCY),
      });
    }
    // The first warms up.
    return medians(turns.slice(1));
  } finally {
    echo.child.kill();
  }
}

async function untilEmpty(region: RegionProcess): Promise<void> {
  const request = { method: "GET", path: "/_alonzo/events" } as const;
  while ((await region.client.json<{ events: unknown[] }>(request)).events.length > 0) await delay(50);
}

function medians(turns: readonly AsyncFigures[]): AsyncFigures {
  const names = Object.keys(turns[0] as AsyncFigures) as (keyof AsyncFigures)[];
  return Object.fromEntries(names.map((name) => [name, median(turns.map((turn) => turn[name]))])) as never;
}
