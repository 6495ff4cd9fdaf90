/** From the start of the process until the health check answers, with an empty data directory. */
import { RegionProcess } from "./region-process.ts";
import { median } from "./statistics.ts";

export interface ReadyFigures {
  readonly starts: number;
  readonly medianMs: number;
  readonly slowestMs: number;
}

export async function measureReadyTime(isolation: string, starts: number): Promise<ReadyFigures> {
  const times: number[] = [];
  for (let start = 0; start < starts; start++) {
    const region = await RegionProcess.start(isolation);
    times.push(region.readyMs);
    await region.stop();
  }
  return { starts, medianMs: median(times), slowestMs: Math.max(...times) };
}
