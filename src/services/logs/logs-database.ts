/**
 * The tables of CloudWatch Logs, in a SQLite of their own: what groups and streams there are and what was set on them, not
 * the events. A commit is with the operating system at once; sync() brings it to the disk, on another thread.
 */
import { type FileHandle, open } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { storageError } from "../../state/storage-error.ts";

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create log groups, streams, filters and policies",
    up: async (database) => {
      await sql`create table log_groups (
        name text primary key,
        created_ms integer not null,
        class text not null,
        kms_key text,
        retention_days integer,
        is_protected integer not null,
        tags text not null,
        indexed_to integer not null
      ) without rowid`.execute(database);
      await sql`create table log_streams (
        log_group text not null references log_groups (name) on delete cascade,
        name text not null,
        created_ms integer not null,
        first_ms integer,
        last_ms integer,
        ingestion_ms integer,
        is_promised integer not null,
        primary key (log_group, name)
      ) without rowid`.execute(database);
      await sql`create index log_streams_by_time on log_streams (log_group, coalesce(last_ms, 0), name)`.execute(
        database,
      );
      await sql`create table filters (
        kind text not null,
        log_group text not null references log_groups (name) on delete cascade,
        name text not null,
        created_ms integer not null,
        settings text not null,
        position integer not null,
        primary key (kind, log_group, name)
      ) without rowid`.execute(database);
      await sql`create table resource_policies (
        name text primary key,
        document text not null,
        updated_ms integer not null
      ) without rowid`.execute(database);
    },
  },
];

export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

export class LogsDatabase {
  readonly #database: DatabaseSync;
  readonly #wal: FileHandle;

  private constructor(database: DatabaseSync, wal: FileHandle) {
    this.#database = database;
    this.#wal = wal;
  }

  /** Open, or create. @throws StorageError */
  static async open(file: string): Promise<LogsDatabase> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "logs", MIGRATIONS);
      // Commits are not waited for on this thread: sync() does that.
      database.exec("PRAGMA synchronous = NORMAL");
      return new LogsDatabase(database, await open(`${file}-wal`, "r+"));
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  run(statement: string, ...values: readonly SqlValue[]): number {
    return Number(this.#database.prepare(statement).run(...values).changes);
  }

  get(statement: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.#database.prepare(statement).get(...values);
  }

  all(statement: string, ...values: readonly SqlValue[]): Row[] {
    return this.#database.prepare(statement).all(...values);
  }

  /** All of it, or nothing. */
  transaction(changes: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      changes();
      this.#database.exec("COMMIT");
    } catch (error) {
      // SQLite itself gives a transaction up when the disk is full or fails.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** What was committed is on the disk. */
  async sync(): Promise<void> {
    await this.#wal.datasync();
  }

  async close(): Promise<void> {
    await this.#wal.close();
    this.#database.close();
  }
}
