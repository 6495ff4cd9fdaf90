/**
 * What a healthy function's callers feel of its neighbours in the same region: one that is slow, one whose process ends in
 * every invocation, one that is throttled, and all three. Each as busy as below; the healthy one as busy as it can.
 */
import { setTimeout as delay } from "node:timers/promises";
import { deployEcho, deployNode, NODE } from "./bench-functions.ts";
import type { LoadManner } from "./load.ts";
import { generateLoad } from "./load-process.ts";
import { invokeRequest } from "./prepared-request.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";
import type { TurnsPlan } from "./turns.ts";

const HEALTHY = "bench-healthy";
const HEALTHY_CONCURRENCY = 4;

interface Neighbour {
  readonly name: string;
  readonly source: string;
  readonly concurrency: number;
  readonly manner: LoadManner;
  /** Places that are reserved to it. */
  readonly reserved?: number;
}

const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: "slow",
    source: "exports.handler = () => new Promise((resolve) => setTimeout(resolve, 300));\n",
    concurrency: 16,
    manner: {},
  },
  {
    name: "crashing",
    source: "exports.handler = () => process.exit(1);\n",
    concurrency: 1,
    manner: { pauseMs: 100, expected: "function error" },
  },
  {
    name: "throttled",
    source: NODE.source,
    concurrency: 4,
    manner: { pauseMs: 10, expected: "throttle" },
    reserved: 0,
  },
];

export interface NeighbourFigures {
  /** `none`, one of the three, or `all`. */
  readonly beside: string;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** The neighbours' own answers, a second. */
  readonly neighboursPerSecond: number;
}

export async function measureNeighbours(region: RegionProcess, plan: TurnsPlan): Promise<NeighbourFigures[]> {
  await deployEcho(region, NODE, HEALTHY);
  for (const neighbour of NEIGHBOURS) await deployNeighbour(region, neighbour);
  const request = await invokeRequest(region, HEALTHY);
  const situations: readonly (readonly [string, readonly Neighbour[]])[] = [
    ["none", []],
    ...NEIGHBOURS.map((neighbour) => [neighbour.name, [neighbour]] as const),
    ["all", NEIGHBOURS],
  ];
  const rounds = situations.map(() => [] as NeighbourFigures[]);
  // All get warm first.
  await round(region, request, NEIGHBOURS, plan.roundMs);
  for (let turn = 0; turn < plan.rounds; turn++) {
    for (const [index, [beside, neighbours]] of situations.entries()) {
      const figures = await round(region, request, neighbours, plan.roundMs);
      rounds[index]?.push({ beside, ...figures });
    }
  }
  return rounds.map(medians);
}

async function deployNeighbour(region: RegionProcess, { name, source, reserved }: Neighbour): Promise<void> {
  await deployNode(region, `bench-${name}`, source, NODE.handler);
  if (reserved === undefined) return;
  const path = `/2017-10-31/functions/bench-${name}/concurrency`;
  await region.client.json({ method: "PUT", path, body: { ReservedConcurrentExecutions: reserved } });
}

async function round(
  region: RegionProcess,
  request: Buffer,
  neighbours: readonly Neighbour[],
  roundMs: number,
): Promise<Omit<NeighbourFigures, "beside">> {
  const { endpoint } = region.target;
  // Neighbours are there before the healthy one is measured, and stay until it has been.
  const headStartMs = neighbours.length === 0 ? 0 : roundMs / 4;
  const busy = neighbours.map(async ({ name, concurrency, manner }) => {
    const signed = await invokeRequest(region, `bench-${name}`);
    return generateLoad(endpoint, signed, concurrency, roundMs + 2 * headStartMs, manner);
  });
  const measured = delay(headStartMs).then(() => generateLoad(endpoint, request, HEALTHY_CONCURRENCY, roundMs));
  const [healthy, ...others] = await Promise.all([measured, ...busy]);
  return {
    requestsPerSecond: healthy.requests / (healthy.elapsedMs / 1000),
    p50Us: median(healthy.latenciesUs),
    p99Us: percentile(healthy.latenciesUs, 0.99),
    neighboursPerSecond: others.reduce((sum, { requests, elapsedMs }) => sum + requests / (elapsedMs / 1000), 0),
  };
}

function medians(rounds: readonly NeighbourFigures[]): NeighbourFigures {
  const of = (name: Exclude<keyof NeighbourFigures, "beside">) => median(rounds.map((one) => one[name]));
  return {
    beside: rounds[0]?.beside ?? "",
    requestsPerSecond: of("requestsPerSecond"),
    p50Us: of("p50Us"),
    p99Us: of("p99Us"),
    neighboursPerSecond: of("neighboursPerSecond"),
  };
}
