/**
 * The region's database: SQLite in the data directory, behind Kysely, so that the rooms above write portable queries.
 * A promise that resolved after a write is a promise about the disk: every commit is synced before it returns.
 */
import { DatabaseSync } from "node:sqlite";
import { Kysely } from "kysely";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { damaged, storageError } from "./storage-error.ts";

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

/** The same for those who write their own SQL. @throws StorageError */
export function openSqlite(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
    database.exec("PRAGMA journal_mode = WAL");
    // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power goes.
    database.exec("PRAGMA synchronous = FULL");
    const finding = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (finding !== "ok") damaged(file, String(finding));
    return database;
  } catch (error) {
    database?.close();
    throw storageError(file, error);
  }
}

/** Kysely on an open database. Whoever destroys it closes that. */
export function databaseOn(sqlite: DatabaseSync): Database {
  return new Kysely({ dialect: sqliteDialect(sqlite) });
}
