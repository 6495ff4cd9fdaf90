/**
 * Daily totals of what is metered, and how far provisioned concurrency is paid for: SQLite of its own, so that its many
 * commits wait for nobody else's. A commit is with the operating system when add() returns, and so outlives this process;
 * sync() brings it to the disk, where it outlives the machine.
 */
import { type FileHandle, open } from "node:fs/promises";
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { sql } from "kysely";
import type { Architecture } from "../../functions/function-version.ts";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { storageError } from "../../state/storage-error.ts";
import { MEASURE_NAMES, MEASURES, type Tally, type Totals, type UsageKey } from "./usage.ts";

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

/** Which members of the key stay apart in a sum; the others are added up. */
export type GroupBy = "function" | "version" | "day";

/** Totals of one month, group and architecture. */
export interface UsageSum {
  /** `2026-11` */
  readonly month: string;
  /** The members of the key that GroupBy names, in order. */
  readonly group: readonly string[];
  readonly architecture: Architecture;
  /** Between the days that were asked for; otherwise in the rest of their months. */
  readonly isInside: boolean;
  readonly totals: Totals;
}

const GROUP_COLUMNS: Readonly<Record<GroupBy, readonly string[]>> = {
  function: ["function_name"],
  version: ["function_name", "version"],
  day: ["day"],
};

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

  /** Sums over the whole months of these days. @param from first and last day, `2026-11-21` */
  sums(from: string, to: string, by: GroupBy): UsageSum[] {
    const group = GROUP_COLUMNS[by];
    const names = group.map((column) => `${column}, `).join("");
    const sums = COLUMNS.map((column) => `sum(${column}) as ${column}`).join(", ");
    const statement = this.#database.prepare(
      `select substr(day, 1, 7) as month, ${names} architecture, day between ? and ? as inside, ${sums}
       from daily_usage where day between ? and ?
       group by month, ${names} architecture, inside
       order by month, ${names} architecture, inside`,
    );
    statement.setReadBigInts(true);
    return statement.all(from, to, `${from.slice(0, 7)}-01`, `${to.slice(0, 7)}-31`).map((row) => ({
      month: String(row.month),
      group: group.map((column) => String(row[column])),
      architecture: row.architecture as Architecture,
      isInside: row.inside === 1n,
      totals: totalsOf(row),
    }));
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

function totalsOf(row: Record<string, SQLOutputValue>): Totals {
  return Object.fromEntries(MEASURE_NAMES.map((measure) => [measure, row[MEASURES[measure]]])) as Totals;
}
