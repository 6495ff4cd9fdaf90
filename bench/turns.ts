/** Contenders under the same load, taken in turns, so that what else the machine does meanwhile meets all alike. */
import type { LoadManner } from "./load.ts";
import { generateLoad } from "./load-process.ts";
import { cpuTimeUs } from "./process-figures.ts";
import { median, percentile } from "./statistics.ts";

export interface Contender<Name extends string = string> {
  readonly server: Name;
  readonly pid: number;
  readonly url: string;
  readonly request: Buffer;
}

export interface LoadFigures<Name extends string = string> {
  readonly server: Name;
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of the server's own process for each request; what functions in processes of their own use is not in it. */
  readonly cpuUsPerRequest: number;
}

export interface TurnsPlan {
  readonly rounds: number;
  readonly roundMs: number;
}

const MEASURED = ["requestsPerSecond", "p50Us", "p99Us", "cpuUsPerRequest"] as const;

/** @returns medians of the rounds of each, in the order given; one round more comes first and does not count */
export async function takeTurns<Name extends string>(
  contenders: readonly Contender<Name>[],
  concurrency: number,
  { rounds, roundMs }: TurnsPlan,
  manner: LoadManner = {},
): Promise<LoadFigures<Name>[]> {
  const measured = contenders.map(() => [] as LoadFigures<Name>[]);
  // All get warm first: compiled code, and as many environments as there are callers.
  for (let turn = 0; turn <= rounds; turn++) {
    for (const [index, contender] of contenders.entries()) {
      const figures = await round(contender, concurrency, roundMs, manner);
      if (turn > 0) measured[index]?.push(figures);
    }
  }
  return measured.map(medians);
}

async function round<Name extends string>(
  { server, pid, url, request }: Contender<Name>,
  concurrency: number,
  durationMs: number,
  manner: LoadManner,
): Promise<LoadFigures<Name>> {
  const before = cpuTimeUs(pid);
  const loaded = generateLoad(url, request, concurrency, durationMs, manner).catch((error: Error) => {
    throw new Error(`${server}, c=${concurrency}: ${error.message}`, { cause: error });
  });
  const { requests, elapsedMs, latenciesUs } = await loaded;
  return {
    server,
    concurrency,
    requestsPerSecond: requests / (elapsedMs / 1000),
    p50Us: median(latenciesUs),
    p99Us: percentile(latenciesUs, 0.99),
    cpuUsPerRequest: (cpuTimeUs(pid) - before) / requests,
  };
}

function medians<Name extends string>(rounds: readonly LoadFigures<Name>[]): LoadFigures<Name> {
  const first = rounds[0] as LoadFigures<Name>;
  const figures = MEASURED.map((name) => [name, median(rounds.map((one) => one[name]))]);
  return { ...first, ...Object.fromEntries(figures) };
}
