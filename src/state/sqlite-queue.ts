/**
 * The queue on a SQLite database of its own, so that its many commits wait for nobody else's. Statements are prepared by
 * hand: a query builder would cost more than the rows. Small rows, which are rewritten with every claim, stand apart
 * from payloads, which are written once.
 */
import type { DatabaseSync } from "node:sqlite";
import { type Clock, systemClock } from "./clock.ts";
import { GroupCommit } from "./group-commit.ts";
import type {
  BuriedEntry,
  Entry,
  FoundEntry,
  ListedEntry,
  NewEntry,
  Queue,
  Revision,
  RevivedEntry,
  Selection,
  Settlement,
} from "./queue.ts";
import { QueueRoom } from "./queue-room.ts";
import { contentOf, foundEntry, LISTED, listedEntry, whereOf } from "./queue-tables.ts";
import { openSqlite } from "./sqlite-file.ts";
import { type Row, Statements } from "./statements.ts";
import { storageError } from "./storage-error.ts";

/** bytes of payloads and kept answers, from which on a claim takes no further entry */
const CLAIM_BYTES = 4 * 1024 * 1024;

/** What has become of what lanes() and hasRoom() answer from. */
export interface QueueChanges {
  /** Lanes with the earliest time (unix ms) at which an entry may be due; undefined when none is alive. */
  readonly lanes: readonly (readonly [lane: string, dueMs: number | undefined])[];
  readonly laneBytes: readonly (readonly [lane: string, bytes: number])[];
  readonly usedBytes: number;
}

export class SqliteQueue implements Queue {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  readonly #room: QueueRoom;
  readonly #sql: Statements;
  readonly #listeners: (() => void)[] = [];
  /** By lane. Never later than the truth; read anew when that could be in doubt. */
  #lanes = new Map<string, number>();
  /** Lanes that changes within the commit have touched: read once for all of them. */
  readonly #changed = new Set<string>();
  /** Lanes of which takeChanges() has not told yet. */
  readonly #untold = new Set<string>();

  private constructor(file: string, database: DatabaseSync, clock: Clock, limitBytes: number) {
    this.#database = database;
    this.#sql = new Statements(database);
    this.#clock = clock;
    this.#room = new QueueRoom(database, limitBytes);
    this.#commits = new GroupCommit(database, {
      committed: () => {
        this.#room.committed();
        this.#readChangedLanes();
      },
      failed: (error) => {
        this.#room.failed();
        this.#readLanes();
        return storageError(file, error);
      },
    });
  }

  /**
   * Open, or create. What was claimed in an earlier life is due at once.
   * @param file path; nobody else has it open
   * @param limitBytes what hasRoom() keeps to
   * @throws StorageError
   */
  static async open(
    file: string,
    clock: Clock = systemClock,
    limitBytes = Number.POSITIVE_INFINITY,
  ): Promise<SqliteQueue> {
    const database = openSqlite(file);
    try {
      const { migrateQueue } = await import("./queue-migrations.ts");
      await migrateQueue(database);
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
    return SqliteQueue.#on(file, database, clock, limitBytes);
  }

  /** The same for a file that prepareQueueFile() has seen to. @throws StorageError */
  static openPrepared(file: string, clock: Clock, limitBytes: number): SqliteQueue {
    return SqliteQueue.#on(file, openSqlite(file), clock, limitBytes);
  }

  static #on(file: string, database: DatabaseSync, clock: Clock, limitBytes: number): SqliteQueue {
    try {
      const queue = new SqliteQueue(file, database, clock, limitBytes);
      queue.#sql.run("update entries set due = ?, claimed = 0 where claimed = 1", clock.now());
      queue.#readLanes();
      return queue;
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  async put(entries: readonly NewEntry[]): Promise<void> {
    await this.#commits.run(() => this.#insert(entries));
    this.#announce(entries);
  }

  /** put() and claim() in one commit: whoever puts works on them at once. @returns them in their order */
  putClaimed(entries: readonly NewEntry[], leaseMs: number): Promise<Entry[]> {
    return this.#commits.run(() => {
      const endMs = this.#clock.now() + leaseMs;
      const ids = this.#insert(entries, endMs);
      for (const { lane } of entries) this.#changed.add(lane);
      return entries.map((entry, index) => ({ ...entry, id: ids[index] as number, answer: undefined }));
    });
  }

  hasRoom(lane: string, payloadBytes: number): boolean {
    return this.#room.has(lane, payloadBytes);
  }

  lanes(): ReadonlyMap<string, number> {
    return this.#lanes;
  }

  claim(lane: string, limit: number, leaseMs: number): Promise<Entry[]> {
    return this.#commits.run(() => {
      const now = this.#clock.now();
      const text =
        "select id, lane, key, about, due, payload, answer from entries join payloads using (id) where lane = ? and due <= ? order by due, id limit ?";
      const claimed: Entry[] = [];
      let bytes = 0;
      for (const row of this.#sql.iterate(text, lane, now, limit)) {
        const entry = claimedEntry(row);
        claimed.push(entry);
        bytes += entry.payload.length + (entry.answer?.length ?? 0);
        if (bytes >= CLAIM_BYTES) break;
      }
      for (const { id } of claimed) {
        this.#sql.run("update entries set due = ?, claimed = 1 where id = ?", now + leaseMs, id);
      }
      this.#changed.add(lane);
      return claimed;
    });
  }

  async postpone(id: number, dueMs: number, revision?: Revision): Promise<void> {
    await this.#commits.run(() => {
      this.#sql.run("update entries set due = ?, claimed = 0 where id = ? and due is not null", dueMs, id);
      this.#revise(id, revision);
      const lane = this.#sql.get("select lane from entries where id = ?", id)?.lane;
      if (lane !== undefined) this.#changed.add(lane as string);
    });
    this.#announce([]);
  }

  async settle(id: number, { put = [], bury }: Settlement): Promise<void> {
    const isThere = await this.#commits.run(() => {
      const row = this.#sql.get("select lane from entries where id = ? and due is not null", id);
      if (!row) return false;
      this.#insert(put);
      if (bury) {
        this.#sql.run("update entries set due = null, claimed = 0, buried = ? where id = ?", this.#clock.now(), id);
        this.#revise(id, bury);
      } else {
        this.#delete(id, row.lane as string);
      }
      this.#changed.add(row.lane as string);
      return true;
    });
    if (isThere) this.#announce(put);
  }

  drop(lane: string): Promise<number> {
    return this.remove({ lane });
  }

  onPut(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** What has changed since this was last asked, all of it when it never was. */
  takeChanges(): QueueChanges {
    const lanes = [...this.#untold].map((lane) => [lane, this.#lanes.get(lane)] as const);
    this.#untold.clear();
    return { lanes, ...this.#room.takeChanges() };
  }

  async list(
    selection: Selection,
    page: { readonly below?: number | undefined; readonly limit: number },
  ): Promise<ListedEntry[]> {
    const [where, values] = whereOf({ ...selection, below: page.below });
    const text = `select ${LISTED} from entries where ${where} order by id desc limit ?`;
    return this.#sql.all(text, ...values, page.limit).map(listedEntry);
  }

  async find(key: string): Promise<FoundEntry | undefined> {
    const row = this.#sql.get(
      `select ${LISTED}, payload, answer from entries join payloads using (id) where key = ? limit 1`,
      key,
    );
    return row && foundEntry(row);
  }

  async buried(which: Selection | { readonly key: string }): Promise<BuriedEntry[]> {
    const [where, values] = whereOf({ ...which, buried: true });
    const rows = this.#sql.all(`select id, about from entries where ${where}`, ...values);
    return rows.map(({ id, about }) => ({ id: id as number, about: about as string }));
  }

  async revive(entries: readonly RevivedEntry[]): Promise<number> {
    const text =
      "update entries set due = ?, buried = null, about = ? where id = ? and buried is not null returning lane";
    const revived = await this.#commits.run(() => {
      const rows = entries.flatMap(({ id, about }): Row[] => {
        const row = this.#sql.get(text, this.#clock.now(), about, id);
        return row ? [row] : [];
      });
      for (const { lane } of rows) this.#changed.add(lane as string);
      return rows.length;
    });
    this.#announce([]);
    return revived;
  }

  remove(which: Selection | { readonly key: string }): Promise<number> {
    return this.#commits.run(() => {
      const [where, values] = whereOf(which);
      const rows = this.#sql.all(`select id, lane from entries where ${where}`, ...values);
      for (const { id, lane } of rows) this.#delete(id as number, lane as string);
      for (const { lane } of rows) this.#changed.add(lane as string);
      return rows.length;
    });
  }

  prune(beforeMs: number, keep: { readonly entries: number; readonly bytes: number }): Promise<number> {
    return this.#commits.run(() => {
      const rows = this.#sql.all(
        "select id, lane, buried, length(payload) + coalesce(length(answer), 0) as bytes from entries join payloads using (id) where buried is not null order by buried desc, id desc",
      );
      let bytes = 0;
      const gone = rows.filter((row, index) => {
        bytes += row.bytes as number;
        return (row.buried as number) < beforeMs || index >= keep.entries || bytes > keep.bytes;
      });
      for (const { id, lane } of gone) this.#delete(id as number, lane as string);
      return gone.length;
    });
  }

  close(): void {
    this.#commits.close();
    this.#database.close();
  }

  /** @param leaseEndMs unix ms: they are claimed at once */
  #insert(entries: readonly NewEntry[], leaseEndMs?: number): number[] {
    return entries.map(({ lane, dueMs, key, about, payload }) => {
      const { lastInsertRowid } = this.#sql.run(
        "insert into entries (lane, key, due, claimed, about) values (?, ?, ?, ?, ?)",
        lane,
        key,
        leaseEndMs ?? dueMs,
        leaseEndMs === undefined ? 0 : 1,
        about,
      );
      this.#sql.run("insert into payloads (id, payload) values (?, ?)", lastInsertRowid, payload);
      this.#room.came(lane, payload.length);
      return Number(lastInsertRowid);
    });
  }

  #delete(id: number, lane: string): void {
    this.#sql.run("delete from entries where id = ?", id);
    const gone = this.#sql.get("delete from payloads where id = ? returning length(payload) as bytes", id);
    if (gone) this.#room.went(lane, gone.bytes as number);
  }

  #revise(id: number, revision: Revision | undefined): void {
    if (!revision) return;
    this.#sql.run("update entries set about = ? where id = ?", revision.about, id);
    if (revision.answer) this.#sql.run("update payloads set answer = ? where id = ?", revision.answer, id);
  }

  /** Only now: what is announced is committed. */
  #announce(entries: readonly NewEntry[]): void {
    for (const { lane, dueMs } of entries) {
      if (dueMs < (this.#lanes.get(lane) ?? Number.POSITIVE_INFINITY)) this.#lanes.set(lane, dueMs);
      this.#untold.add(lane);
    }
    for (const listener of this.#listeners) listener();
  }

  #readChangedLanes(): void {
    for (const lane of this.#changed) this.#readLane(lane);
    this.#changed.clear();
  }

  #readLane(lane: string): void {
    const due = this.#sql.get(
      "select due from entries where lane = ? and due is not null order by due limit 1",
      lane,
    )?.due;
    if (due === undefined) this.#lanes.delete(lane);
    else this.#lanes.set(lane, due as number);
    this.#untold.add(lane);
  }

  #readLanes(): void {
    this.#changed.clear();
    const rows = this.#sql.all("select lane, min(due) as due from entries where due is not null group by lane");
    for (const lane of this.#lanes.keys()) this.#untold.add(lane);
    this.#lanes = new Map(rows.map(({ lane, due }) => [lane as string, due as number]));
    for (const lane of this.#lanes.keys()) this.#untold.add(lane);
  }
}

const claimedEntry = (row: Row): Entry => ({
  id: row.id as number,
  lane: row.lane as string,
  key: row.key as string,
  dueMs: row.due as number,
  about: row.about as string,
  ...contentOf(row),
});
