/** A run as text for people: the figures of each part as a table, and last of all every bar with what was measured. */
import { availableParallelism, cpus } from "node:os";

/** What a figure must keep to. Bars stand where their figures are taken (bench/sections.ts). */
export type Bar =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  | { readonly above: number }
  | { readonly below: number };

export type Unit = "%" | "x" | "ms" | "s" | "MB" | "/s" | "";

export interface Row {
  readonly what: string;
  readonly measured: number;
  readonly unit: Unit;
  /** A figure without one is only told. */
  readonly bar?: Bar;
}

export interface Section {
  readonly title: string;
  readonly table: readonly (readonly string[])[];
  readonly rows: readonly Row[];
  /** What could not be measured, and why. */
  readonly missing?: readonly string[];
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  /** The ready line of a region as measured. */
  readonly region: string;
  readonly sections: readonly Section[];
}

export const whole = (value: number) => Math.round(value).toLocaleString("en-US");
export const ms = (value: number) => `${value.toFixed(1)} ms`;
export const mb = (value: number) => `${value.toFixed(1)} MB`;
export const times = (value: number) => `${value.toFixed(2)}x`;
export const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

const FORMATS: Readonly<Record<Unit, (value: number) => string>> = {
  "%": (value) => `${value.toFixed(1)}%`,
  x: times,
  ms,
  s: (value) => `${value.toFixed(2)} s`,
  MB: mb,
  "/s": (value) => `${whole(value)}/s`,
  "": whole,
};

export function machine(): string {
  return `${availableParallelism()} x ${cpus()[0]?.model ?? process.arch}`;
}

/** Undefined where there is no bar. A figure that could not be taken (not a number) meets none. */
export function isMet({ measured, bar }: Row): boolean | undefined {
  if (bar === undefined) return undefined;
  if ("atLeast" in bar) return measured >= bar.atLeast;
  if ("atMost" in bar) return measured <= bar.atMost;
  if ("above" in bar) return measured > bar.above;
  return measured < bar.below;
}

function barText({ bar, unit }: Row): string {
  if (bar === undefined) return "-";
  const [[kind, value] = ["", Number.NaN]] = Object.entries(bar);
  const words: Record<string, string> = { atLeast: "at least", atMost: "at most", above: "over", below: "under" };
  return `${words[kind]} ${FORMATS[unit](value)}`;
}

function renderSection({ title, table }: Section): string {
  return `${title}\n${lines(table)}`.trimEnd();
}

/** The bars of all parts as one table. */
export function renderBars(sections: readonly Section[]): string {
  const rows = sections.flatMap((section) => section.rows);
  const verdict = (row: Row) => ({ true: "met", false: "NOT MET", undefined: "" })[`${isMet(row)}`];
  const judged = rows.filter((row) => row.bar !== undefined);
  const met = judged.filter((row) => isMet(row));
  return [
    lines([
      ["", "measured", "bar", ""],
      ...rows.map((row) => [row.what, FORMATS[row.unit](row.measured), barText(row), verdict(row) ?? ""]),
    ]),
    `${met.length} of ${judged.length} bars met`,
    ...sections.flatMap(({ missing = [] }) => missing),
  ].join("\n");
}

export function render({ date, machine, node, region, sections }: Report): string {
  const head = [`${date}  ${machine}  Node ${node}`, region].filter((line) => line !== "").join("\n");
  return [head, ...sections.map(renderSection), `Bars\n${renderBars(sections)}`].join("\n\n");
}

function lines(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
