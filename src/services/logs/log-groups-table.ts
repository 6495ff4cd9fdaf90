/** Log groups as they are kept. Changes are on the disk when their promise resolves. */
import type { LogsDatabase, Row } from "./logs-database.ts";

export interface GroupRecord {
  readonly name: string;
  /** Unix ms */
  readonly createdMs: number;
  readonly class: string;
  readonly kmsKey?: string;
  readonly retentionDays?: number;
  readonly isProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** Of a retention that is undefined nothing is left. */
export interface GroupChanges extends Partial<Pick<GroupRecord, "isProtected" | "tags">> {
  readonly retentionDays?: number | undefined;
}

export interface GroupSelection {
  readonly prefix?: string | undefined;
  readonly part?: string | undefined;
  readonly class?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

const DAY_MS = 24 * 3_600_000;

/** What happened before is no longer shown. @returns unix ms, undefined: all is kept */
export function expiryOf({ retentionDays }: Pick<GroupRecord, "retentionDays">, nowMs: number): number | undefined {
  return retentionDays === undefined ? undefined : nowMs - retentionDays * DAY_MS;
}

export class LogGroupsTable {
  readonly #database: LogsDatabase;

  constructor(database: LogsDatabase) {
    this.#database = database;
  }

  find(name: string): GroupRecord | undefined {
    const row = this.#database.get("select * from log_groups where name = ?", name);
    return row && groupFrom(row);
  }

  /** By name. */
  list({ prefix = "", part = "", class: wanted, after = "", limit }: GroupSelection): GroupRecord[] {
    const rows = this.#database.all(
      `select * from log_groups where name > ? and name >= ? and substr(name, 1, length(?)) = ?
        and instr(name, ?) > 0 and (? is null or class = ?) order by name limit ?`,
      ...[after, prefix, prefix, prefix, part === "" ? "" : part, wanted ?? null, wanted ?? null, limit],
    );
    return rows.map(groupFrom);
  }

  /** @returns false when there is one of that name */
  async create(group: GroupRecord): Promise<boolean> {
    const isNew = this.#database.run(
      "insert or ignore into log_groups values (?, ?, ?, ?, ?, ?, ?, -1)",
      ...[group.name, group.createdMs, group.class, group.kmsKey ?? null, group.retentionDays ?? null],
      ...[Number(group.isProtected), JSON.stringify(group.tags)],
    );
    await this.#database.sync();
    return isNew > 0;
  }

  async update(name: string, changes: GroupChanges): Promise<void> {
    const before = this.find(name);
    if (!before) return;
    const { kmsKey, retentionDays, isProtected, tags } = { ...before, ...changes };
    this.#database.run(
      "update log_groups set kms_key = ?, retention_days = ?, is_protected = ?, tags = ? where name = ?",
      ...[kmsKey ?? null, retentionDays ?? null, Number(isProtected), JSON.stringify(tags), name],
    );
    await this.#database.sync();
  }

  /** With its streams and filters. */
  async remove(name: string): Promise<void> {
    this.#database.run("delete from log_groups where name = ?", name);
    await this.#database.sync();
  }
}

function groupFrom(row: Row): GroupRecord {
  return {
    name: String(row.name),
    createdMs: Number(row.created_ms),
    class: String(row.class),
    ...(row.kms_key !== null && { kmsKey: String(row.kms_key) }),
    ...(row.retention_days !== null && { retentionDays: Number(row.retention_days) }),
    isProtected: row.is_protected === 1,
    tags: JSON.parse(String(row.tags)),
  };
}
