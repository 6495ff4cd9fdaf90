/**
 * What S3 knows of buckets, objects, uploads and events that are on their way, on a SQLite database of its own. Bytes of
 * objects are files (object-files.ts), which are named here.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { sql } from "kysely";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { GroupCommit } from "../../state/group-commit.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { type Row, Statements } from "../../state/statements.ts";
import { storageError } from "../../state/storage-error.ts";

import { refusableChange } from "../refusable-change.ts";

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create buckets, object versions, uploads, files and the outbox",
    up: async (database) => {
      // created, modified, initiated, due: unix ms. settings: JSON by kind.
      await sql`create table buckets (
        name text primary key, created integer not null, versioning text, settings text not null default '{}'
      ) without rowid`.execute(database);
      // seq: grows with time over the whole region, so the newest version of a key comes first.
      await sql`create table versions (
        bucket text not null, key text not null, seq integer not null, version_id text not null,
        is_latest integer not null, is_marker integer not null,
        size integer not null, etag text not null, modified integer not null, tags text, about text not null,
        primary key (bucket, key, seq desc)
      ) without rowid`.execute(database);
      await sql`create unique index versions_latest on versions (bucket, key) where is_latest = 1`.execute(database);
      await sql`create unique index versions_id on versions (bucket, key, version_id)`.execute(database);
      await sql`create table uploads (
        id text primary key, bucket text not null, key text not null, initiated integer not null, about text not null
      ) without rowid`.execute(database);
      await sql`create index uploads_key on uploads (bucket, key, initiated, id)`.execute(database);
      await sql`create table parts (
        upload text not null, number integer not null, size integer not null, etag text not null,
        modified integer not null, checksum text, file text not null,
        primary key (upload, number)
      ) without rowid`.execute(database);
      // Files that something refers to, and those that nothing does any more and that are to be removed.
      await sql`create table files (name text primary key, is_garbage integer not null default 0) without rowid`.execute(
        database,
      );
      await sql`create index files_garbage on files (name) where is_garbage = 1`.execute(database);
      await sql`create table outbox (
        id integer primary key, arn text not null, bucket text not null, trace text not null, body blob not null,
        made integer not null, due integer not null, tries integer not null default 0
      )`.execute(database);
      await sql`create index outbox_due on outbox (due)`.execute(database);
    },
  },
];

export class S3Database {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #sql: Statements;

  private constructor(file: string, database: DatabaseSync) {
    this.#database = database;
    this.#sql = new Statements(database);
    this.#commits = new GroupCommit(database, {
      committed: () => {},
      failed: (error) => storageError(file, error),
    });
  }

  /** @throws StorageError */
  static async open(file: string): Promise<S3Database> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "s3", MIGRATIONS);
      return new S3Database(file, database);
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  /** As refusableChange(). @throws ServiceError that the task throws */
  change<T>(task: () => T): Promise<T> {
    return refusableChange(this.#commits, task);
  }

  get(text: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#sql.get(text, ...parameters);
  }

  all(text: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#sql.all(text, ...parameters);
  }

  iterate(text: string, ...parameters: SQLInputValue[]): IterableIterator<Row> {
    return this.#sql.iterate(text, ...parameters);
  }

  /** @returns how many rows it changed */
  run(text: string, ...parameters: SQLInputValue[]): number {
    return this.#sql.run(text, ...parameters).changes;
  }

  close(): void {
    this.#commits.close();
    this.#database.close();
  }
}
