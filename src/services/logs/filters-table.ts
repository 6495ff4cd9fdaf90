/** Subscription and metric filters of log groups as they are kept, and how far subscriptions have come. */
import type { LogsDatabase, Row } from "./logs-database.ts";

export type FilterKind = "subscription" | "metric";

export interface FilterRecord<Settings> {
  readonly logGroup: string;
  readonly name: string;
  /** Unix ms */
  readonly createdMs: number;
  readonly settings: Settings;
  /** Of the last event that was looked at. */
  readonly position: number;
}

/** @typeParam Settings what a filter of this kind is set to, kept as JSON */
export class FiltersTable<Settings> {
  readonly #database: LogsDatabase;
  readonly #kind: FilterKind;

  constructor(database: LogsDatabase, kind: FilterKind) {
    this.#database = database;
    this.#kind = kind;
  }

  /** By group and name. */
  list(logGroup?: string): FilterRecord<Settings>[] {
    const rows = this.#database.all(
      "select * from filters where kind = ? and (? is null or log_group = ?) order by log_group, name",
      ...[this.#kind, logGroup ?? null, logGroup ?? null],
    );
    return rows.map((row) => filterFrom<Settings>(row));
  }

  async put({ logGroup, name, createdMs, settings, position }: FilterRecord<Settings>): Promise<void> {
    this.#database.run(
      "insert or replace into filters values (?, ?, ?, ?, ?, ?)",
      ...[this.#kind, logGroup, name, createdMs, JSON.stringify(settings), position],
    );
    await this.#database.sync();
  }

  /** @returns false when there is none of that name */
  async remove(logGroup: string, name: string): Promise<boolean> {
    const statement = "delete from filters where kind = ? and log_group = ? and name = ?";
    const found = this.#database.run(statement, this.#kind, logGroup, name) > 0;
    await this.#database.sync();
    return found;
  }

  /** Not waited for: what a crash makes it forget is done once more. */
  advance(logGroup: string, name: string, position: number): void {
    const statement = "update filters set position = ? where kind = ? and log_group = ? and name = ?";
    this.#database.run(statement, position, this.#kind, logGroup, name);
  }
}

function filterFrom<Settings>(row: Row): FilterRecord<Settings> {
  return {
    logGroup: String(row.log_group),
    name: String(row.name),
    createdMs: Number(row.created_ms),
    settings: JSON.parse(String(row.settings)) as Settings,
    position: Number(row.position),
  };
}
