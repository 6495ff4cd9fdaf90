/** A SQLite file as all of the region's are opened: every commit is synced before it returns. */
import { DatabaseSync } from "node:sqlite";
import { damaged, storageError } from "./storage-error.ts";

/** For those who write their own SQL; others take database.ts. @throws StorageError */
export function openSqlite(file: string): DatabaseSync {
  const database = openUnchecked(file);
  try {
    const finding = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (finding !== "ok") damaged(file, String(finding));
    return database;
  } catch (error) {
    database.close();
    throw storageError(file, error);
  }
}

/** Without reading all of it to see whether it is whole. @throws StorageError */
export function openUnchecked(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
    database.exec("PRAGMA journal_mode = WAL");
    // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits when the power goes.
    database.exec("PRAGMA synchronous = FULL");
    return database;
  } catch (error) {
    database?.close();
    throw storageError(file, error);
  }
}
