/** What SNS keeps, on a SQLite database of its own: topics, subscriptions, and messages on their way. */
import type { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { GroupCommit } from "../../state/group-commit.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { Statements } from "../../state/statements.ts";
import { storageError } from "../../state/storage-error.ts";
import { refusableChange } from "../refusable-change.ts";

const TABLES = [
  // about: JSON. sequence: of the last message of a FIFO topic.
  "create table topics (id integer primary key autoincrement, name text not null unique, about text not null, sequence integer not null default 0)",
  "create table subscriptions (id integer primary key autoincrement, topic integer not null, about text not null)",
  "create index subscriptions_topic on subscriptions (topic)",
  "create table messages (id integer primary key autoincrement, about text not null)",
  // Ids are the order of messages. chain: what must stay in order, of FIFO topics only. due, since: unix ms.
  `create table deliveries (
    id integer primary key autoincrement,
    message integer not null,
    subscription integer not null,
    chain text not null,
    due integer not null,
    since integer not null,
    tries integer not null default 0,
    is_dead integer not null default 0
  )`,
  "create index deliveries_chain on deliveries (subscription, chain, id)",
  "create index deliveries_due on deliveries (subscription, chain, due)",
  "create index deliveries_message on deliveries (message)",
  // Messages of FIFO topics that were sent within the last minutes: one that is sent again is not kept twice.
  `create table duplicates (
    topic integer not null, key text not null, until integer not null, sent text not null, primary key (topic, key)
  ) without rowid`,
  "create index duplicates_until on duplicates (until)",
  // One row: the key that messages are signed with, and its certificate (PEM).
  "create table signing (private_key text not null, certificate text not null)",
];

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create topics, subscriptions, messages and deliveries",
    up: async (database) => {
      for (const table of TABLES) await sql.raw(table).execute(database);
    },
  },
];

export class SnsDatabase {
  readonly sql: Statements;
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;

  private constructor(file: string, database: DatabaseSync, onFailure: () => void) {
    this.#database = database;
    this.sql = new Statements(database);
    this.#commits = new GroupCommit(database, {
      committed: () => {},
      failed: (error) => {
        onFailure();
        return storageError(file, error);
      },
    });
  }

  /** @param onFailure called when a change was undone: what is held in memory may say more than the disk @throws StorageError */
  static async open(file: string, onFailure: () => void): Promise<SnsDatabase> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "sns", MIGRATIONS);
      return new SnsDatabase(file, database, onFailure);
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  /** As refusableChange(). @throws ServiceError that the task throws */
  change<T>(task: () => T): Promise<T> {
    return refusableChange(this.#commits, task);
  }

  close(): void {
    this.#commits.close();
    this.#database.close();
  }
}
