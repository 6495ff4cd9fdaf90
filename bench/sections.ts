/** How the figures of each part are told, and the bars that they are held to. Ratios are against baselines of the same run. */
import type { SoakFigures } from "../test/e2e/async-soak.ts";
import type { AsyncFigures } from "./async.ts";
import type { FreezingFigures } from "./freezing.ts";
import type { CellMemory, EnvironmentMemory } from "./memory.ts";
import type { NeighbourFigures } from "./neighbours.ts";
import type { ReadyFigures } from "./ready-time.ts";
import { mb, ms, percent, type Row, type Section, times, whole } from "./report.ts";
import type { RivalFigures } from "./rivals.ts";
import type { LoadFigures } from "./turns.ts";
import type { WarmFigures } from "./warm-invoke.ts";

const LOAD_HEAD = ["req/s", "p50 µs", "p99 µs", "p99/p50", "host CPU µs"];

const loadCells = ({ requestsPerSecond, p50Us, p99Us, cpuUsPerRequest }: LoadFigures) => [
  whole(requestsPerSecond),
  whole(p50Us),
  whole(p99Us),
  times(p99Us / p50Us),
  whole(cpuUsPerRequest),
];

export function readySection({ starts, medianMs, slowestMs }: ReadyFigures): Section {
  return {
    title: "Ready",
    table: [[`spawn until healthy: median ${ms(medianMs)}, slowest ${ms(slowestMs)} of ${starts}`]],
    rows: [{ what: "ready, median", measured: medianMs / 1000, unit: "s", bar: { below: 1.5 } }],
  };
}

export interface MemoryFigures {
  readonly idleMb: number;
  readonly environments: readonly EnvironmentMemory[];
  readonly ahead: CellMemory;
}

export function memorySection({ idleMb, environments, ahead }: MemoryFigures): Section {
  return {
    title: "Memory (PSS)",
    table: [
      ["region at idle, before any function", mb(idleMb)],
      ...environments.map(({ language, environments: count, functionMb, platformMb }) => [
        `idle ${language} environment (${count})`,
        mb(functionMb),
        `platform grows by ${mb(platformMb)} each`,
      ]),
      [`stem cell (${ahead.cells})`, mb(ahead.cellMb)],
    ],
    rows: [{ what: "memory of an idle region", measured: idleMb, unit: "MB", bar: { below: 150 } }],
  };
}

export function warmSection(figures: readonly WarmFigures[]): Section {
  const at = (server: WarmFigures["server"], concurrency: number) =>
    figures.find((one) => one.server === server && one.concurrency === concurrency) as WarmFigures;
  const table = figures.map((one) => {
    const isEcho = one.server === "echo";
    const base = at("echo", one.concurrency);
    return [
      `${isEcho ? "bare node:http echo" : "warm invoke, signed"}, c=${one.concurrency}`,
      ...loadCells(one),
      isEcho ? "" : percent(one.requestsPerSecond / base.requestsPerSecond),
      isEcho ? "" : times(one.p50Us / base.p50Us),
    ];
  });
  const [single, many] = [at("invoke", 1), at("invoke", 16)];
  const share = (many.requestsPerSecond / at("echo", 16).requestsPerSecond) * 100;
  const multiple = single.p50Us / at("echo", 1).p50Us;
  return {
    title:
      "Warm invoke (1 KB JSON; medians of rounds, echo and invoke in turns; load from another process on the same cores)",
    table: [["", ...LOAD_HEAD, "of echo's req/s", "echo's p50"], ...table],
    rows: [
      { what: "warm invoke, c=16: throughput of echo's", measured: share, unit: "%", bar: { atLeast: 20 } },
      { what: "warm invoke, c=1: p50 of echo's", measured: multiple, unit: "x", bar: { atMost: 2.5 } },
      { what: "warm invoke, c=1: p99 of its p50", measured: single.p99Us / single.p50Us, unit: "x" },
      { what: "warm invoke, c=16: p99 of its p50", measured: many.p99Us / many.p50Us, unit: "x", bar: { below: 5 } },
    ],
  };
}

export function freezingSection(figures: readonly FreezingFigures[]): Section {
  const at = (server: FreezingFigures["server"], concurrency: number, isPaced: boolean) =>
    figures.find(
      (one) => one.server === server && one.concurrency === concurrency && one.pauseMs > 0 === isPaced,
    ) as FreezingFigures;
  const table = figures.map((one) => {
    const pace = one.pauseMs > 0 ? `, ${one.pauseMs} ms apart` : "";
    return [
      `${one.server === "freezing" ? "as it is" : "never freezing"}, c=${one.concurrency}${pace}`,
      ...loadCells(one),
    ];
  });
  const p50Cost = (isPaced: boolean) => (at("freezing", 1, isPaced).p50Us / at("unfrozen", 1, isPaced).p50Us - 1) * 100;
  const lost = 1 - at("freezing", 16, false).requestsPerSecond / at("unfrozen", 16, false).requestsPerSecond;
  return {
    title: "Freezing (the region as it is beside one that never freezes, in turns)",
    table: [["", ...LOAD_HEAD], ...table],
    rows: [
      { what: "freezing, c=1: added to p50", measured: p50Cost(false), unit: "%", bar: { below: 10 } },
      { what: "freezing, c=16: throughput lost", measured: lost * 100, unit: "%", bar: { below: 10 } },
      { what: "freezing, paced, thawed each time: added to p50", measured: p50Cost(true), unit: "%" },
    ],
  };
}

export function asyncSection(figures: AsyncFigures): Section {
  const { echoPerSecond, acceptedPerSecond, acceptP50Us, acceptP99Us, cpuUsPerEvent, ranPerSecond } = figures;
  const { syncP99Us, syncP99BesideEventsUs, syncP99BesideFloodUs } = figures;
  const beside = (p99Us: number): Pick<Row, "measured" | "unit" | "bar"> => ({
    measured: p99Us / syncP99Us,
    unit: "x",
    bar: { atMost: 2 },
  });
  return {
    title: "Asynchronous invoke (1 KB JSON, one Node function)",
    table: [
      ["bare node:http echo, c=64", `${whole(echoPerSecond)} req/s`],
      [
        "events accepted (on disk before the 202), c=64",
        `${whole(acceptedPerSecond)} req/s`,
        `p50 ${whole(acceptP50Us)}, p99 ${whole(acceptP99Us)} µs, host CPU ${whole(cpuUsPerEvent)} µs`,
      ],
      ["events accepted and run", `${whole(ranPerSecond)} events/s`],
      ["synchronous p99, c=4", `${whole(syncP99Us)} µs`],
      ["the same beside 4 senders of events", `${whole(syncP99BesideEventsUs)} µs`],
      ["the same beside 64 senders of events", `${whole(syncP99BesideFloodUs)} µs`],
    ],
    rows: [
      {
        what: "events, c=64: accept rate of echo's",
        measured: (acceptedPerSecond / echoPerSecond) * 100,
        unit: "%",
        bar: { atLeast: 25 },
      },
      { what: "events, c=64: p99 of its p50", measured: acceptP99Us / acceptP50Us, unit: "x" },
      { what: "synchronous p99 beside 4 senders of events, of alone", ...beside(syncP99BesideEventsUs) },
      { what: "synchronous p99 beside 64 senders of events, of alone", ...beside(syncP99BesideFloodUs) },
    ],
  };
}

export function neighboursSection(figures: readonly NeighbourFigures[]): Section {
  const alone = figures.find(({ beside }) => beside === "none") as NeighbourFigures;
  return {
    title: "Neighbours (a healthy function, c=4, beside others in the same region)",
    table: [
      ["beside", "req/s", "p50 µs", "p99 µs", "p99/p50", "neighbours' answers/s"],
      ...figures.map(({ beside, requestsPerSecond, p50Us, p99Us, neighboursPerSecond }) => [
        beside,
        whole(requestsPerSecond),
        whole(p50Us),
        whole(p99Us),
        times(p99Us / p50Us),
        whole(neighboursPerSecond),
      ]),
    ],
    rows: figures
      .filter((one) => one !== alone)
      .map(({ beside, p99Us }) => ({
        what: `healthy p99 beside ${beside === "all" ? "slow, crashing and throttled" : `a ${beside} function`}, of alone`,
        measured: p99Us / alone.p99Us,
        unit: "x",
        bar: { below: 2 },
      })),
  };
}

/** Each comparison is with what the region did in turns with that rival. */
export function rivalsSection({ loads, unavailable }: RivalFigures): Section {
  const rows: Row[] = [];
  for (const [index, rival] of loads.entries()) {
    const alonzo = loads[index - 1];
    if (rival.server === "alonzo" || alonzo === undefined) continue;
    const against = `against ${rival.server}, c=${rival.concurrency}`;
    const throughput = rival.requestsPerSecond === 0 ? Number.NaN : alonzo.requestsPerSecond / rival.requestsPerSecond;
    rows.push(
      { what: `${against}: throughput of its`, measured: throughput, unit: "x", bar: { above: 1 } },
      { what: `${against}: p50 of its`, measured: alonzo.p50Us / rival.p50Us, unit: "x", bar: { below: 1 } },
      { what: `${against}: p99/p50 of Alonzo`, measured: alonzo.p99Us / alonzo.p50Us, unit: "x" },
      { what: `${against}: p99/p50 of it`, measured: rival.p99Us / rival.p50Us, unit: "x" },
    );
  }
  return {
    title: "Rivals (1 KB JSON, the same function; they neither isolate functions nor authenticate callers)",
    table: [["", ...LOAD_HEAD], ...loads.map((one) => [`${one.server}, c=${one.concurrency}`, ...loadCells(one)])],
    rows,
    missing: unavailable.map(({ server, why }) => `not measured: ${server}: ${why}`),
  };
}

export function soakSection({ accepted, lost, undelivered, runsTwice, deliveredTwice }: SoakFigures): Section {
  return {
    title: "Soak (events accepted while the region is killed again and again)",
    table: [[`${whole(accepted)} accepted; ran twice ${whole(runsTwice)}, delivered twice ${whole(deliveredTwice)}`]],
    rows: [
      { what: "soak: accepted events that never ran", measured: lost, unit: "", bar: { atMost: 0 } },
      { what: "soak: records that never came", measured: undelivered, unit: "", bar: { atMost: 0 } },
    ],
  };
}
