/** Reads the daily totals, on a connection of its own: in another thread, so that no invocation waits for a sum over years. */
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { Architecture } from "../../functions/function-version.ts";
import { MEASURE_NAMES, MEASURES, type Totals } from "./usage.ts";

/** Which members of the key stay apart in a sum; the others are added up. */
export type GroupBy = "function" | "version" | "day";

/** Totals of one month, group and architecture. */
export interface UsageSum {
  /** `2026-11` */
  readonly month: string;
  /** The members of the key that GroupBy names, in order. */
  readonly group: readonly string[];
  readonly architecture: Architecture;
  /** Of functions that had provisioned concurrency in that month. */
  readonly isProvisioned: boolean;
  /** Between the days that were asked for; otherwise in the rest of their months. */
  readonly isInside: boolean;
  readonly totals: Totals;
}

const GROUP_COLUMNS: Readonly<Record<GroupBy, readonly string[]>> = {
  function: ["function_name"],
  version: ["function_name", "version"],
  day: ["day"],
};

export class UsageReader {
  readonly #database: DatabaseSync;

  /** @param file of a UsageStore that is open */
  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true });
  }

  /** Sums over the whole months of these days. @param from first and last day, `2026-11-21` */
  sums(from: string, to: string, by: GroupBy): UsageSum[] {
    const group = GROUP_COLUMNS[by];
    const keys = ["month", ...group, "architecture", "is_provisioned", "is_inside"].join(", ");
    const sums = Object.values(MEASURES).map((column) => `sum(${column}) as ${column}`);
    const statement = this.#database.prepare(
      `with used as (
         select *, substr(day, 1, 7) as month, day between ? and ? as is_inside from daily_usage where day between ? and ?
       ), provisioned as (
         select distinct month, function_name, 1 as is_provisioned from used where allocated_memory_mb_ms > 0
       )
       select ${keys}, ${sums.join(", ")} from used left join provisioned using (month, function_name)
       group by ${keys} order by ${keys}`,
    );
    statement.setReadBigInts(true);
    return statement.all(from, to, `${from.slice(0, 7)}-01`, `${to.slice(0, 7)}-31`).map((row) => ({
      month: String(row.month),
      group: group.map((column) => String(row[column])),
      architecture: row.architecture as Architecture,
      isProvisioned: row.is_provisioned === 1n,
      isInside: row.is_inside === 1n,
      totals: totalsOf(row),
    }));
  }

  close(): void {
    this.#database.close();
  }
}

function totalsOf(row: Record<string, SQLOutputValue>): Totals {
  return Object.fromEntries(MEASURE_NAMES.map((measure) => [measure, row[MEASURES[measure]]])) as Totals;
}
