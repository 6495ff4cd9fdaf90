/**
 * The shape of the queue's tables. Apart from what reads and writes them, so that the queue's thread need not load the
 * query builder, which is a large part of its memory.
 */
import type { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { databaseOn } from "./database.ts";
import { type Migration, migrate } from "./migrations.ts";
import { openUnchecked } from "./sqlite-file.ts";
import { storageError } from "./storage-error.ts";

const QUEUE_MIGRATIONS: readonly Migration[] = [
  {
    name: "create entries and their payloads",
    up: async (database) => {
      // due: unix ms, null once it is buried. claimed: due is the end of a lease.
      await sql`create table entries (
        id integer primary key,
        lane text not null,
        key text not null,
        due integer,
        claimed integer not null default 0,
        buried integer,
        about text not null
      )`.execute(database);
      await sql`create index entries_due on entries (lane, due) where due is not null`.execute(database);
      await sql`create index entries_key on entries (key)`.execute(database);
      await sql`create index entries_buried on entries (buried) where buried is not null`.execute(database);
      await sql`create table payloads (id integer primary key, payload blob not null, answer blob)`.execute(database);
    },
  },
  {
    // Random keys would make each put write a page of the index of its own; people can wait for a scan of small rows.
    name: "drop the index of keys",
    up: async (database) => {
      await sql`drop index entries_key`.execute(database);
    },
  },
];

export const migrateQueue = (database: DatabaseSync): Promise<void> =>
  migrate(databaseOn(database), "queue", QUEUE_MIGRATIONS);

/**
 * Create the file, or bring it to the shape that this program expects. Whoever opens it then looks whether it is whole.
 * @throws StorageError
 */
export async function prepareQueueFile(file: string): Promise<void> {
  const database = openUnchecked(file);
  try {
    await migrateQueue(database);
  } catch (error) {
    throw storageError(file, error);
  } finally {
    database.close();
  }
}
