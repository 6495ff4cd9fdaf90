/**
 * `GET /_alonzo/usage?from=2026-11-01&to=2026-11-21&by=function|version|day&format=json|csv`: what was used and what AWS
 * would have charged, for `alonzo cost`. Without days: this month until today (UTC).
 */

import type { GroupBy } from "../invocation/metering/usage-reader.ts";
import { GROUP_NAMES, type UsageQuery, type UsageReport } from "../invocation/metering/usage-report.ts";
import type { Clock } from "../state/clock.ts";
import type { AdminRoute } from "./gateway.ts";
import { refusal } from "./refusal.ts";

const FORMATS = ["json", "csv"] as const;
const PARAMETERS = new Set(["from", "to", "by", "format"]);
const LONGEST_DAYS = 3660;
const DAY_MS = 86_400_000;

/** @param report everything counted until now is in it */
export function usageRoute(report: (query: UsageQuery) => Promise<UsageReport>, clock: Clock): AdminRoute {
  return {
    method: "GET",
    prefix: "/_alonzo/usage",
    signed: true,
    async handle({ query: text }) {
      const query = new URLSearchParams(text);
      for (const name of query.keys()) {
        // Presigned requests bring their signature along.
        if (!PARAMETERS.has(name) && !/^x-amz-/i.test(name)) throw invalid(`${name} is no parameter of this request`);
      }
      const today = new Date(clock.now()).toISOString().slice(0, 10);
      const to = dayOf(query, "to") ?? today;
      const from = dayOf(query, "from") ?? `${to.slice(0, 7)}-01`;
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
      if (days < 0) throw invalid("from is after to");
      if (days > LONGEST_DAYS) throw invalid(`from and to are more than ${LONGEST_DAYS} days apart`);
      const by = oneOf(query, "by", Object.keys(GROUP_NAMES) as GroupBy[]);
      const format = oneOf(query, "format", FORMATS);
      const answer = await report({ from, to, by });
      return format === "json"
        ? { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(answer)) }
        : { status: 200, headers: { "content-type": "text/csv; charset=utf-8" }, body: Buffer.from(csvOf(answer)) };
    },
  };
}

/** RFC 4180: a row for each group, its figures under their names. */
function csvOf({ by, groups, total }: UsageReport): string {
  const names = [...GROUP_NAMES[by], ...Object.keys(total)];
  const rows = groups.map((group) => names.map((name) => group[name] ?? ""));
  return [names, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function dayOf(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes the 31st of every month.
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)) return text;
  throw invalid(`${name} is a day such as 2026-11-21`);
}

/** The first one when none is given. */
function oneOf<T extends string>(query: URLSearchParams, name: string, values: readonly T[]): T {
  const text = query.get(name) ?? values[0];
  const value = values.find((known) => known === text);
  if (value === undefined) throw invalid(`${name} is one of ${values.join(", ")}`);
  return value;
}

const invalid = (message: string) => refusal("InvalidParameterValueException", message);
