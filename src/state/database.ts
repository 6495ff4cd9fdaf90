/**
 * The region's database: SQLite in the data directory, behind Kysely, so that the rooms above write portable queries.
 * A promise that resolved after a write is a promise about the disk: every commit is synced before it returns.
 */
import type { DatabaseSync } from "node:sqlite";
import { Kysely } from "kysely";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { openSqlite } from "./sqlite-file.ts";

export { openSqlite } from "./sqlite-file.ts";

/** Each room names its own tables with `database.withTables<...>()` and looks at no other's. */
// biome-ignore lint/complexity/noBannedTypes: Kysely's own way to say "no tables known yet"
export type Database = Kysely<{}>;

/**
 * Open, or create, a database.
 * @param file path, or `:memory:`
 * @throws StorageError when it cannot be read or written, or is damaged: told at start, not by the first to come across
 */
export function openDatabase(file: string): Database {
  return databaseOn(openSqlite(file));
}

/** Kysely on an open database. Whoever destroys it closes that. */
export function databaseOn(sqlite: DatabaseSync): Database {
  return new Kysely({ dialect: sqliteDialect(sqlite) });
}
