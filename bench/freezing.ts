/**
 * What freezing idle environments costs warm invokes: one region as it is beside one that never freezes, in turns. Under
 * load an environment is rarely idle long enough to be frozen; between paced calls it always is, and is thawed for each.
 */
import { join } from "node:path";
import { RegionProcess } from "./region-process.ts";
import { type LoadFigures, type TurnsPlan, takeTurns } from "./turns.ts";
import { invokeContender } from "./warm-invoke.ts";

const UNFROZEN = join(import.meta.dirname, "unfrozen-region.ts");

/** Longer than the region lets an environment idle before it freezes it. */
const PAUSE_MS = 60;

export interface FreezingFigures extends LoadFigures<"freezing" | "unfrozen"> {
  /** Between the calls of each caller. */
  readonly pauseMs: number;
}

export async function measureFreezing(isolation: string, plan: TurnsPlan): Promise<FreezingFigures[]> {
  const frozen = await RegionProcess.start(isolation);
  try {
    const unfrozen = await RegionProcess.start(isolation, { main: UNFROZEN });
    try {
      const contenders = [await invokeContender(frozen, "freezing"), await invokeContender(unfrozen, "unfrozen")];
      const figures: FreezingFigures[] = [];
      for (const [concurrency, pauseMs] of [
        [1, 0],
        [16, 0],
        [1, PAUSE_MS],
      ] as const) {
        const taken = await takeTurns(contenders, concurrency, plan, { pauseMs });
        figures.push(...taken.map((one) => ({ ...one, pauseMs })));
      }
      return figures;
    } finally {
      await unfrozen.stop();
    }
  } finally {
    await frozen.stop();
  }
}
