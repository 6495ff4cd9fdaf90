/** How the figures of large payloads and of many functions are told, and the bars that they are held to. */
import type { ScaleFigures, Times } from "./management-scale.ts";
import { KB, MB, type PayloadFigures } from "./payloads.ts";
import { mb, type Row, type Section } from "./report.ts";
import type { Transfer } from "./s3-streaming.ts";

/** As large as Lambda takes them whole. */
const LARGEST = 6 * MB;

const bytesText = (bytes: number) =>
  bytes < MB ? `${Math.round(bytes / KB)} KB` : `${(bytes / MB).toFixed(bytes % MB === 0 ? 0 : 6)} MB`;

/** What counts of events and answers is all that the region takes; of a stream, what it adds: it is there for one caller. */
function memoryRow({ direction, bytes, concurrency, beforeMb, peakMb }: PayloadFigures): Row {
  const size = bytesText(bytes);
  if (direction === "stream") {
    return { what: `${size} streamed: memory held`, measured: peakMb - beforeMb, unit: "MB", bar: { below: 30 } };
  }
  const what = `${concurrency} ${direction}s of ${size} at once: memory of the region`;
  return { what, measured: peakMb, unit: "MB", bar: { below: 300 } };
}

export function payloadsSection(figures: readonly PayloadFigures[]): Section {
  return {
    title: "Payloads (memory: resident, of the region's process)",
    table: [
      ["", "at once", "invokes/s", "MB/s", "before", "peak", "added", ""],
      ...figures.map(({ direction, bytes, concurrency, invokes, seconds, beforeMb, peakMb, error }) => [
        `${direction} ${bytesText(bytes)}`,
        `${concurrency}`,
        (invokes / seconds).toFixed(1),
        ((bytes * invokes) / MB / seconds).toFixed(1),
        mb(beforeMb),
        mb(peakMb),
        mb(peakMb - beforeMb),
        error ?? "",
      ]),
    ],
    rows: figures.filter(({ direction, bytes }) => direction === "stream" || bytes === LARGEST).map(memoryRow),
  };
}

export function s3Section(transfers: readonly Transfer[]): Section {
  return {
    title: "S3: one large object (memory: resident, of the region's process)",
    table: [
      ["", "seconds", "MB/s", "before", "peak", "added"],
      ...transfers.map(({ direction, bytes, seconds, beforeMb, peakMb }) => [
        `${direction} ${bytesText(bytes)}`,
        seconds.toFixed(1),
        (bytes / MB / seconds).toFixed(0),
        mb(beforeMb),
        mb(peakMb),
        mb(peakMb - beforeMb),
      ]),
    ],
    rows: transfers.map(({ direction, bytes, beforeMb, peakMb }) => ({
      what: `${direction} of ${bytesText(bytes)}: memory held`,
      measured: peakMb - beforeMb,
      unit: "MB",
      bar: { below: 64 },
    })),
  };
}

/** By how much creating may be slower among many functions than in an empty region and still be called flat. */
const FLAT = 1.5;

const timesText = ({ p50Ms, p99Ms, slowestMs }: Times) =>
  `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)} / ${slowestMs.toFixed(1)} ms`;

const SCALE_ROWS: readonly (readonly [string, (figures: ScaleFigures) => string])[] = [
  [
    "median / 99th percentile / slowest",
    ({ functions, versionsOfEach }) => `${functions} x ${versionsOfEach} versions`,
  ],
  ["ready", ({ ready }) => timesText(ready)],
  ["memory, idle", ({ idleMb }) => mb(idleMb)],
  ["memory, afterwards", ({ afterwardsMb }) => mb(afterwardsMb)],
  ["create until Active", ({ create }) => timesText(create)],
  ["GetFunction", ({ getFunction }) => timesText(getFunction)],
  ["GetAccountSettings", ({ accountSettings }) => timesText(accountSettings)],
  ["ListFunctions, a page", ({ listFunctions }) => timesText(listFunctions)],
  ["the same, all versions", ({ listAllVersions }) => timesText(listAllVersions)],
];

export function scaleSection([empty, full]: readonly [ScaleFigures, ScaleFigures]): Section {
  const { functions, versionsOfEach } = full;
  const among = `among ${functions} functions x ${versionsOfEach} versions`;
  const creating = full.create.p50Ms / empty.create.p50Ms;
  const page: Pick<Row, "unit" | "bar"> = { unit: "ms", bar: { below: 20 } };
  return {
    title: "Scale (the control API in an empty region and in a full one)",
    table: SCALE_ROWS.map(([name, cell]) => [name, cell(empty), cell(full)]),
    rows: [
      { what: `create ${among}: p50 of an empty region's`, measured: creating, unit: "x", bar: { atMost: FLAT } },
      { what: `a page of ListFunctions ${among}: p99`, measured: full.listFunctions.p99Ms, ...page },
      { what: "the same of all versions: p99", measured: full.listAllVersions.p99Ms, ...page },
      { what: `ready ${among}, median`, measured: full.ready.p50Ms / 1000, unit: "s", bar: { below: 2 } },
    ],
  };
}
