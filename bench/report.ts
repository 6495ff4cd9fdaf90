/** The figures of a run as a table for people. Ratios are against the baseline taken in the same run. */
import type { AsyncFigures } from "./async.ts";
import type { ColdFigures } from "./cold-start.ts";
import type { EnvironmentMemory } from "./memory.ts";
import type { ReadyFigures } from "./ready-time.ts";
import type { WarmFigures } from "./warm-invoke.ts";

export interface Figures {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly region: string;
  readonly ready: ReadyFigures;
  readonly idleMb: number;
  readonly environments: readonly EnvironmentMemory[];
  readonly warm: readonly WarmFigures[];
  readonly asynchronous: AsyncFigures;
  readonly cold: readonly ColdFigures[];
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const ms = (value: number) => `${value.toFixed(1)} ms`;
const mb = (value: number) => `${value.toFixed(1)} MB`;

function lines(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function warmTable(warm: readonly WarmFigures[]): string {
  const rows = warm.map((figures) => {
    const base = warm.find(({ server, concurrency }) => server === "echo" && concurrency === figures.concurrency);
    const share = figures.requestsPerSecond / (base?.requestsPerSecond ?? Number.NaN);
    const { server, concurrency, requestsPerSecond, p50Us, p99Us, cpuUsPerRequest } = figures;
    const isBase = server === "echo";
    return [
      `${isBase ? "bare node:http echo" : "warm invoke, signed"}, c=${concurrency}`,
      whole(requestsPerSecond),
      whole(p50Us),
      whole(p99Us),
      whole(cpuUsPerRequest),
      isBase ? "" : `${(share * 100).toFixed(1)}%`,
      isBase ? "" : `${(p50Us / (base?.p50Us ?? Number.NaN)).toFixed(2)}x`,
    ];
  });
  return lines([["", "req/s", "p50 µs", "p99 µs", "host CPU µs", "of echo's req/s", "echo's p50"], ...rows]);
}

function asyncTable(figures: AsyncFigures): string {
  const { echoPerSecond, acceptedPerSecond, acceptP50Us, acceptP99Us, cpuUsPerEvent, ranPerSecond } = figures;
  const { syncP99Us, syncP99BesideEventsUs } = figures;
  return lines([
    ["bare node:http echo, c=64", `${whole(echoPerSecond)} req/s`, ""],
    [
      "events accepted (on disk before the 202), c=64",
      `${whole(acceptedPerSecond)} req/s`,
      `${((acceptedPerSecond / echoPerSecond) * 100).toFixed(1)}% of echo's; p50 ${whole(acceptP50Us)}, p99 ${whole(acceptP99Us)} µs, host CPU ${whole(cpuUsPerEvent)} µs`,
    ],
    ["events accepted and run", `${whole(ranPerSecond)} events/s`, ""],
    ["synchronous p99, c=4", `${whole(syncP99Us)} µs`, `${whole(syncP99BesideEventsUs)} µs beside events`],
  ]);
}

function coldTable(cold: readonly ColdFigures[]): string {
  const rows = cold.map(({ language, functions, coldP50Ms, coldP99Ms, spawnP50Ms, spawnP99Ms }) => [
    `${language}, ${functions} fresh functions`,
    ms(coldP50Ms),
    ms(coldP99Ms),
    ms(spawnP50Ms),
    ms(spawnP99Ms),
    `${(coldP50Ms / spawnP50Ms).toFixed(2)}x`,
  ]);
  return lines([["", "cold p50", "cold p99", "bare spawn p50", "bare spawn p99", "p50 of a spawn's"], ...rows]);
}

function memoryTable(figures: Figures): string {
  const perEnvironment = figures.environments.map(({ language, environments, functionMb, platformMb }) => [
    `idle ${language} environment (${environments})`,
    mb(functionMb),
    `platform grows by ${mb(platformMb)} each`,
  ]);
  return lines([["region at idle, before any function", mb(figures.idleMb), ""], ...perEnvironment]);
}

export function render(figures: Figures): string {
  const { ready } = figures;
  return [
    `${figures.date}  ${figures.machine}  Node ${figures.node}`,
    figures.region,
    "",
    "Ready",
    `spawn until healthy: median ${ms(ready.medianMs)}, slowest ${ms(ready.slowestMs)} of ${ready.starts}`,
    "",
    "Memory (PSS)",
    memoryTable(figures),
    "",
    "Warm invoke (1 KB JSON; medians of rounds, echo and invoke in turns; load from another process on the same cores)",
    warmTable(figures.warm),
    "",
    "Asynchronous invoke (1 KB JSON, one Node function)",
    asyncTable(figures.asynchronous),
    "",
    "Cold start (first invoke as the caller sees it, one at a time, in turns with a plain spawn)",
    coldTable(figures.cold),
  ].join("\n");
}
