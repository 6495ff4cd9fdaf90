/**
 * Log streams as they are kept. Those of functions come into being by what is written to them, and so do their groups:
 * what the store writes is gathered and put down from time to time, and read again after a crash.
 */
import type { LogStore, WrittenStream } from "../../observability/log-store.ts";
import type { LogsDatabase, Row } from "./logs-database.ts";

export interface StreamRecord {
  readonly name: string;
  /** Unix ms, here and below */
  readonly createdMs: number;
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly ingestionMs?: number;
}

/** Where a page ended. */
export interface StreamPlace {
  readonly name: string;
  readonly lastMs: number;
}

export interface StreamSelection {
  readonly prefix?: string | undefined;
  readonly byTime: boolean;
  readonly isDescending: boolean;
  readonly after?: StreamPlace | undefined;
  readonly limit: number;
}

interface Pending {
  readonly streams: Map<string, WrittenStream>;
  end: number;
}

const UPSERT = `insert into log_streams values (?, ?, ?, ?, ?, ?, ?) on conflict do update set
  first_ms = min(coalesce(first_ms, excluded.first_ms), excluded.first_ms),
  last_ms = max(coalesce(last_ms, excluded.last_ms), excluded.last_ms),
  ingestion_ms = max(coalesce(ingestion_ms, excluded.ingestion_ms), excluded.ingestion_ms),
  is_promised = max(is_promised, excluded.is_promised)`;

export class LogStreamsTable {
  readonly #database: LogsDatabase;
  readonly #pending = new Map<string, Pending>();

  constructor(database: LogsDatabase) {
    this.#database = database;
  }

  /** The store has written: to be put down with the next save(). */
  note(logGroup: string, streams: readonly WrittenStream[], end: number): void {
    const pending = this.#pending.get(logGroup) ?? { streams: new Map<string, WrittenStream>(), end };
    pending.end = Math.max(pending.end, end);
    for (const stream of streams) {
      const known = pending.streams.get(stream.logStream);
      pending.streams.set(stream.logStream, known ? joined(known, stream) : stream);
    }
    this.#pending.set(logGroup, pending);
  }

  /** Put down what was noted. Cheap when nothing was. */
  save(): void {
    if (this.#pending.size === 0) return;
    this.#database.transaction(() => {
      for (const [logGroup, { streams, end }] of this.#pending) this.#saveGroup(logGroup, streams.values(), end);
    });
    this.#pending.clear();
  }

  /** Of a group that is no more. */
  forget(logGroup: string): void {
    this.#pending.delete(logGroup);
  }

  /** What was written before a crash, and not put down. */
  async recover(store: LogStore): Promise<void> {
    for (const logGroup of await store.groupNames()) {
      const row = this.#database.get("select indexed_to from log_groups where name = ?", logGroup);
      for await (const events of store.read(logGroup, { after: Number(row?.indexed_to ?? -1) })) {
        const streams = events.map(({ logStream, timestamp, ingestionTime }) => ({
          logStream,
          firstMs: timestamp,
          lastMs: timestamp,
          ingestionMs: ingestionTime,
          isPromised: ingestionTime !== timestamp,
        }));
        this.note(logGroup, streams, events.at(-1)?.position ?? -1);
      }
      this.save();
    }
  }

  find(logGroup: string, name: string): StreamRecord | undefined {
    this.save();
    const row = this.#database.get("select * from log_streams where log_group = ? and name = ?", logGroup, name);
    return row && streamFrom(row);
  }

  list(logGroup: string, { prefix = "", byTime, isDescending, after, limit }: StreamSelection): StreamRecord[] {
    this.save();
    const [sign, direction] = isDescending ? ["<", "desc"] : [">", "asc"];
    const order = byTime ? `coalesce(last_ms, 0) ${direction}, name ${direction}` : `name ${direction}`;
    const place = byTime ? `(coalesce(last_ms, 0), name) ${sign} (?, ?)` : `name ${sign} ?`;
    const rows = this.#database.all(
      `select * from log_streams where log_group = ? and name >= ? and substr(name, 1, length(?)) = ?
        ${after ? `and ${place}` : ""} order by ${order} limit ?`,
      ...[logGroup, prefix, prefix, prefix],
      ...(after ? (byTime ? [after.lastMs, after.name] : [after.name]) : []),
      limit,
    );
    return rows.map(streamFrom);
  }

  /** @returns false when there is one of that name */
  async create(logGroup: string, name: string, nowMs: number): Promise<boolean> {
    this.save();
    const isNew = this.#database.run(
      "insert or ignore into log_streams values (?, ?, ?, null, null, null, 1)",
      ...[logGroup, name, nowMs],
    );
    await this.#database.sync();
    return isNew > 0;
  }

  async remove(logGroup: string, name: string): Promise<void> {
    this.save();
    this.#database.run("delete from log_streams where log_group = ? and name = ?", logGroup, name);
    await this.#database.sync();
  }

  /** Forget streams of functions of which nothing is left: an environment never comes back to its stream. */
  prune(logGroup: string, beforeMs: number): void {
    this.save();
    this.#database.run(
      "delete from log_streams where log_group = ? and is_promised = 0 and last_ms < ?",
      ...[logGroup, Math.min(beforeMs, Number.MAX_SAFE_INTEGER)],
    );
  }

  #saveGroup(logGroup: string, streams: Iterable<WrittenStream>, end: number): void {
    const all = [...streams];
    const createdMs = all.reduce((earliest, { firstMs }) => Math.min(earliest, firstMs), Number.MAX_SAFE_INTEGER);
    this.#database.run(
      "insert or ignore into log_groups values (?, ?, 'STANDARD', null, null, 0, '{}', -1)",
      ...[logGroup, createdMs],
    );
    this.#database.run("update log_groups set indexed_to = max(indexed_to, ?) where name = ?", end, logGroup);
    for (const { logStream, firstMs, lastMs, ingestionMs, isPromised } of all) {
      this.#database.run(UPSERT, logGroup, logStream, firstMs, firstMs, lastMs, ingestionMs, Number(isPromised));
    }
  }
}

function joined(a: WrittenStream, b: WrittenStream): WrittenStream {
  return {
    logStream: a.logStream,
    firstMs: Math.min(a.firstMs, b.firstMs),
    lastMs: Math.max(a.lastMs, b.lastMs),
    ingestionMs: Math.max(a.ingestionMs, b.ingestionMs),
    isPromised: a.isPromised || b.isPromised,
  };
}

function streamFrom(row: Row): StreamRecord {
  return {
    name: String(row.name),
    createdMs: Number(row.created_ms),
    ...(row.first_ms !== null && { firstMs: Number(row.first_ms) }),
    ...(row.last_ms !== null && { lastMs: Number(row.last_ms) }),
    ...(row.ingestion_ms !== null && { ingestionMs: Number(row.ingestion_ms) }),
  };
}
