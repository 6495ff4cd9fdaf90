/**
 * Daily totals of what is metered, and how far provisioned concurrency is paid for: SQLite of its own, so that its many
 * commits wait for nobody else's. A commit is with the operating system when add() returns, and so outlives this process;
 * sync() brings it to the disk, where it outlives the machine.
 */
import { type FileHandle, open } from "node:fs/promises";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { sql } from "kysely";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { storageError } from "../../state/storage-error.ts";
import { MEASURE_NAMES, MEASURES, type Tally, type UsageKey } from "./usage.ts";

export interface DayUsage extends UsageKey {
  readonly tally: Tally;
}

/** A version's or alias's provisioned concurrency of one version, paid for until then. */
export interface PaidBlock {
  readonly functionName: string;
  readonly qualifier: string;
  readonly version: string;
  readonly memoryMb: number;
  /** Unix ms */
  readonly untilMs: number;
}

const COLUMNS = MEASURE_NAMES.map((measure) => MEASURES[measure]);

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create daily usage and paid blocks",
    up: async (database) => {
      // The columns of MEASURES as they were then.
      await sql`create table daily_usage (
        day text not null,
        function_name text not null,
        version text not null,
        architecture text not null,
        requests integer not null,
        event_chunks integer not null,
        billed_ms integer not null,
        memory_mb_ms integer not null,
        init_us integer not null,
        provisioned_billed_ms integer not null,
        provisioned_memory_mb_ms integer not null,
        provisioned_init_us integer not null,
        allocated_memory_mb_ms integer not null,
        ephemeral_mb_ms integer not null,
        streamed_bytes integer not null,
        tenant_memory_mb integer not null,
        primary key (day, function_name, version, architecture)
      ) without rowid`.execute(database);
      await sql`create table paid_blocks (
        function_name text not null,
        qualifier text not null,
        version text not null,
        memory_mb integer not null,
        until_ms integer not null,
        primary key (function_name, qualifier, version)
      ) without rowid`.execute(database);
    },
  },
  {
    name: "count snapshots",
    up: async (database) => {
      for (const column of ["snapshot_init_us", "restored_memory_mb"]) {
        await sql`alter table daily_usage add column ${sql.ref(column)} integer not null default 0`.execute(database);
      }
    },
  },
];

const ADD = `insert into daily_usage (day, function_name, version, architecture, ${COLUMNS.join(", ")})
  values (?, ?, ?, ?, ${COLUMNS.map(() => "?").join(", ")})
  on conflict do update set ${COLUMNS.map((column) => `${column} = ${column} + excluded.${column}`).join(", ")}`;
const PAY = "insert or replace into paid_blocks values (?, ?, ?, ?, ?)";

export class UsageStore {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #wal: FileHandle;
  readonly #add: StatementSync;
  readonly #pay: StatementSync;

  private constructor(file: string, database: DatabaseSync, wal: FileHandle) {
    this.#file = file;
    this.#database = database;
    this.#wal = wal;
    this.#add = database.prepare(ADD);
    this.#pay = database.prepare(PAY);
  }

  /** Open, or create. @throws StorageError */
  static async open(file: string): Promise<UsageStore> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "metering", MIGRATIONS);
      // Commits are not waited for: sync() does that, on another thread.
      database.exec("PRAGMA synchronous = NORMAL");
      return new UsageStore(file, database, await open(`${file}-wal`, "r+"));
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  /** All of it, or nothing. @throws StorageError */
  add(usages: readonly DayUsage[], blocks: readonly PaidBlock[]): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const { day, functionName, version, architecture, tally } of usages) {
        const counts = MEASURE_NAMES.map((measure) => BigInt(tally[measure]));
        this.#add.run(day, functionName, version, architecture, ...counts);
      }
      for (const { functionName, qualifier, version, memoryMb, untilMs } of blocks) {
        this.#pay.run(functionName, qualifier, version, memoryMb, untilMs);
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      // SQLite itself gives a transaction up when the disk is full or fails.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw storageError(this.#file, error);
    }
  }

  async sync(): Promise<void> {
    await this.#wal.datasync();
  }

  /** What is paid for at this time or later; what was before is forgotten. */
  paidBlocks(nowMs: number): PaidBlock[] {
    this.#database.prepare("delete from paid_blocks where until_ms < ?").run(nowMs);
    return this.#database
      .prepare("select * from paid_blocks")
      .all()
      .map((row) => ({
        functionName: String(row.function_name),
        qualifier: String(row.qualifier),
        version: String(row.version),
        memoryMb: Number(row.memory_mb),
        untilMs: Number(row.until_ms),
      }));
  }

  async close(): Promise<void> {
    await this.#wal.close();
    this.#database.close();
  }
}
