/**
 * The region's database: SQLite in the data directory, behind Kysely, so that the rooms above write portable queries.
 * A promise that resolved after a write is a promise about the disk: every commit is synced before it returns.
 */
import { DatabaseSync } from "node:sqlite";
import { Kysely } from "kysely";
import { sqliteDialect } from "./sqlite-dialect.ts";

/** Each room names its own tables with `database.withTables<...>()` and looks at no other's. */
// biome-ignore lint/complexity/noBannedTypes: Kysely's own way to say "no tables known yet"
export type Database = Kysely<{}>;

/**
 * Open, or create, a database.
 * @param file path, or `:memory:`
 */
export function openDatabase(file: string): Database {
  const database = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
  database.exec("PRAGMA journal_mode = WAL");
  // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power goes.
  database.exec("PRAGMA synchronous = FULL");
  return new Kysely({ dialect: sqliteDialect(database) });
}
