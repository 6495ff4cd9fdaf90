/** The tables of the queue, and how a row becomes what lists show. */
import { sql } from "kysely";
import type { Migration } from "./migrations.ts";
import type { FoundEntry, ListedEntry } from "./queue.ts";

export const QUEUE_MIGRATIONS: readonly Migration[] = [
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

export const LISTED =
  "id, lane, key, due, claimed, buried, about, (select length(payload) from payloads where payloads.id = entries.id) as bytes";

export type Row = Record<string, unknown>;

export function listedEntry(row: Row): ListedEntry {
  return {
    id: row.id as number,
    lane: row.lane as string,
    key: row.key as string,
    about: row.about as string,
    dueMs: (row.due as number | null) ?? undefined,
    buriedMs: (row.buried as number | null) ?? undefined,
    isClaimed: row.claimed === 1,
    payloadBytes: row.bytes as number,
  };
}

export function foundEntry(row: Row): FoundEntry {
  return { ...listedEntry(row), ...contentOf(row) };
}

export function contentOf(row: Row): { payload: Buffer; answer: Buffer | undefined } {
  return {
    payload: bufferOf(row.payload as Uint8Array),
    answer: row.answer ? bufferOf(row.answer as Uint8Array) : undefined,
  };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
