/** The tables of the queues. Small rows, which are rewritten with every receipt, stand apart from the contents. */
import { sql } from "kysely";
import type { Migration } from "../../state/migrations.ts";

/** Values of messages.state. */
export const READY = 0;
export const IN_FLIGHT = 1;
export const DELAYED = 2;

const TABLES = [
  "create table queues (id integer primary key autoincrement, name text not null unique, about text not null)",
  // Ids are never used again: they are the order of messages, and what receipt handles name.
  // due: unix ms at which it can be received, of those that are not ready. fifo_group: of FIFO queues only.
  `create table messages (
    id integer primary key autoincrement,
    queue integer not null,
    state integer not null,
    due integer not null,
    sent integer not null,
    receives integer not null default 0,
    first_received integer,
    received integer,
    fifo_group text
  )`,
  "create index messages_ready on messages (queue, id) where state = 0",
  "create index messages_waiting on messages (queue, due) where state <> 0",
  "create index messages_sent on messages (queue, sent)",
  "create index messages_group on messages (queue, fifo_group, id) where fifo_group is not null",
  "create table contents (id integer primary key, body text not null, about text not null)",
  // One row for each group that has messages. open: the first of them can be received.
  `create table message_groups (
    queue integer not null,
    name text not null,
    head integer not null,
    in_flight integer not null,
    open integer not null,
    primary key (queue, name)
  ) without rowid`,
  "create index message_groups_open on message_groups (queue, head) where open = 1",
  `create table duplicates (
    queue integer not null,
    key text not null,
    until integer not null,
    sent text not null,
    primary key (queue, key)
  ) without rowid`,
  "create index duplicates_until on duplicates (until)",
  `create table receive_attempts (
    queue integer not null,
    attempt text not null,
    until integer not null,
    receipts text not null,
    primary key (queue, attempt)
  ) without rowid`,
  "create index receive_attempts_until on receive_attempts (until)",
  "create table move_tasks (id text primary key, source text not null, started integer not null, about text not null)",
  "create index move_tasks_source on move_tasks (source, started)",
];

export const SQS_MIGRATIONS: readonly Migration[] = [
  {
    name: "create queues and messages",
    up: async (database) => {
      for (const table of TABLES) await sql.raw(table).execute(database);
    },
  },
];
