/** Which version each invocation by one qualifier runs: always the same, or one of an alias's two by their weights. */
import type { FunctionVersion } from "./function-version.ts";

export interface Route {
  readonly main: FunctionVersion;
  readonly additional?: {
    readonly version: FunctionVersion;
    /** Share of the invocations that run this version, 0..1. */
    readonly weight: number;
  };
}

/** At least 0, less than 1. */
export type Random = () => number;

/** The version that the next invocation runs. */
export function pick({ main, additional }: Route, random: Random): FunctionVersion {
  return additional !== undefined && random() < additional.weight ? additional.version : main;
}
