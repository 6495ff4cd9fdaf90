/** Archived events: on a database of their own, each archive up to its retention. */
import type { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { EVENTBRIDGE, type EventPattern } from "../../functions/event-pattern.ts";
import { matchesEventPattern, parseEvent } from "../../functions/event-pattern-match.ts";
import { parseEventPattern } from "../../functions/event-pattern-parser.ts";
import type { Clock } from "../../state/clock.ts";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { GroupCommit } from "../../state/group-commit.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { storageError } from "../../state/storage-error.ts";
import { type BusEvent, eventJson } from "./bus-event.ts";
import type { EventBook } from "./event-book.ts";

const DAY_MS = 24 * 3_600_000;
const PRUNE_EVERY_MS = 3_600_000;

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create archived events",
    up: async (database) => {
      await sql`create table archived (
        id integer primary key,
        archive text not null,
        time integer not null,
        bytes integer not null,
        event text not null
      )`.execute(database);
      await sql`create index archived_time on archived (archive, time, id)`.execute(database);
    },
  },
];

export interface Archive {
  readonly name: string;
  /** Unlike its name never used again. */
  readonly id: string;
  readonly bus: string;
  readonly description?: string | undefined;
  readonly eventPattern?: string | undefined;
  /** 0: for ever. */
  readonly retentionDays: number;
  /** Unix ms */
  readonly createdMs: number;
}

export interface ArchivedEvent {
  readonly id: number;
  readonly timeMs: number;
  readonly event: BusEvent;
}

export class ArchiveStore {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #book: EventBook;
  readonly #clock: Clock;
  readonly #pruner: NodeJS.Timeout;
  readonly #patterns = new Map<string, { readonly text: string; readonly pattern: EventPattern }>();

  private constructor(file: string, database: DatabaseSync, book: EventBook, clock: Clock) {
    this.#database = database;
    this.#book = book;
    this.#clock = clock;
    this.#commits = new GroupCommit(database, { committed: () => {}, failed: (error) => storageError(file, error) });
    // A failure is told by the next event that is to be kept.
    this.#pruner = setInterval(() => void this.prune().catch(() => {}), PRUNE_EVERY_MS);
    this.#pruner.unref();
  }

  /** @throws StorageError */
  static async open(file: string, book: EventBook, clock: Clock): Promise<ArchiveStore> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "archive", MIGRATIONS);
      return new ArchiveStore(file, database, book, clock);
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  get archives(): readonly Archive[] {
    return [...this.#book.documents.all<Archive>("archive").values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Resolves when the events are on the disk, in each archive that wants them. What is replayed is not archived again. */
  async keep(events: readonly { readonly bus: string; readonly event: BusEvent }[]): Promise<void> {
    const archives = this.archives;
    if (archives.length === 0) return;
    const rows = events.flatMap(({ bus, event }) => {
      const wanted = event.replayName === undefined ? archives.filter((archive) => archive.bus === bus) : [];
      if (wanted.length === 0) return [];
      const json = eventJson(event);
      return wanted
        .filter((archive) => this.#wants(archive, json))
        .map(({ id }) => ({ id, event, bytes: json.length }));
    });
    if (rows.length === 0) return;
    await this.#commits.run(() => {
      const insert = this.#database.prepare("insert into archived (archive, time, bytes, event) values (?, ?, ?, ?)");
      for (const { id, event, bytes } of rows) insert.run(id, Date.parse(event.time), bytes, JSON.stringify(event));
    });
  }

  /** Events of a time (unix ms, the end excluded), oldest first, from behind one of them. */
  page(
    { id }: Archive,
    time: { readonly fromMs: number; readonly toMs: number },
    after: { readonly timeMs: number; readonly id: number },
    limit: number,
  ): ArchivedEvent[] {
    return this.#database
      .prepare(
        "select id, time, event from archived where archive = ? and time >= ? and time < ? and (time, id) > (?, ?) order by time, id limit ?",
      )
      .all(id, time.fromMs, time.toMs, after.timeMs, after.id, limit)
      .map((row) => ({
        id: row.id as number,
        timeMs: row.time as number,
        event: JSON.parse(row.event as string) as BusEvent,
      }));
  }

  sizeOf({ id }: Archive): { readonly events: number; readonly bytes: number } {
    const row = this.#database
      .prepare("select count(*) as events, coalesce(sum(bytes), 0) as bytes from archived where archive = ?")
      .get(id);
    return { events: row?.events as number, bytes: row?.bytes as number };
  }

  remove({ id }: Archive): Promise<void> {
    return this.#commits.run(() => {
      this.#database.prepare("delete from archived where archive = ?").run(id);
    });
  }

  /** Forget what is older than its archive keeps it. */
  prune(): Promise<void> {
    return this.#commits.run(() => {
      const forget = this.#database.prepare("delete from archived where archive = ? and time < ?");
      for (const { id, retentionDays } of this.archives) {
        if (retentionDays > 0) forget.run(id, this.#clock.now() - retentionDays * DAY_MS);
      }
    });
  }

  close(): void {
    clearInterval(this.#pruner);
    this.#commits.close();
    this.#database.close();
  }

  #wants({ id, eventPattern }: Archive, json: string): boolean {
    if (eventPattern === undefined) return true;
    let known = this.#patterns.get(id);
    if (known?.text !== eventPattern) {
      known = { text: eventPattern, pattern: parseEventPattern(eventPattern, EVENTBRIDGE) };
      this.#patterns.set(id, known);
    }
    return matchesEventPattern(known.pattern, parseEvent(json));
  }
}
