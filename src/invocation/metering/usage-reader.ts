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
    const names = group.map((column) => `${column}, `).join("");
    const sums = Object.values(MEASURES)
      .map((column) => `sum(${column}) as ${column}`)
      .join(", ");
    const statement = this.#database.prepare(
      `select substr(day, 1, 7) as month, ${names} architecture, day between ? and ? as inside, ${sums}
       from daily_usage where day between ? and ?
       group by month, ${names} architecture, inside
       order by month, ${names} architecture, inside`,
    );
    statement.setReadBigInts(true);
    return statement.all(from, to, `${from.slice(0, 7)}-01`, `${to.slice(0, 7)}-31`).map((row) => ({
      month: String(row.month),
      group: group.map((column) => String(row[column])),
      architecture: row.architecture as Architecture,
      isInside: row.inside === 1n,
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
