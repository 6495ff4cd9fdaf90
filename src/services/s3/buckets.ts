/** Buckets and what is set for each: rules of their names, their versioning, and settings by kind. */
import type { Clock } from "../../state/clock.ts";
import type { Row } from "../../state/statements.ts";
import type { S3Database } from "./s3-database.ts";
import { refuse } from "./s3-errors.ts";

export type VersioningStatus = "Enabled" | "Suspended";

/** What is kept as it was given. */
export type SettingKind = "cors" | "notification" | "ownership" | "policy" | "publicAccessBlock" | "tagging";

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  /** undefined until it was enabled once. */
  readonly versioning: VersioningStatus | undefined;
  readonly settings: Readonly<Partial<Record<SettingKind, unknown>>>;
}

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** (S3 user guide, "Bucket naming rules") */
export function isBucketName(name: string): boolean {
  return (
    NAME.test(name) &&
    !name.includes("..") &&
    !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

export class Buckets {
  readonly #database: S3Database;
  readonly #clock: Clock;

  constructor(database: S3Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @throws ServiceError NoSuchBucket, InvalidBucketName */
  get(name: string): Bucket {
    return (
      this.find(name) ??
      refuse(isBucketName(name) ? "NoSuchBucket" : "InvalidBucketName", { members: { BucketName: name } })
    );
  }

  find(name: string): Bucket | undefined {
    const row = this.#database.get("select * from buckets where name = ?", name);
    return row && bucketOf(row);
  }

  /** By name, from behind one. */
  list({ after = "", prefix = "", limit }: { after?: string; prefix?: string; limit: number }): Bucket[] {
    const rows = this.#database.all(
      "select * from buckets where name > ? and name >= ? and substr(name, 1, length(?)) = ? order by name limit ?",
      after,
      prefix,
      prefix,
      prefix,
      limit,
    );
    return rows.map(bucketOf);
  }

  /** @returns false when it was there already */
  async create(name: string, settings: Bucket["settings"] = {}): Promise<boolean> {
    if (!isBucketName(name)) refuse("InvalidBucketName", { members: { BucketName: name } });
    return this.#database.change(() => {
      const changes = this.#database.run(
        "insert into buckets (name, created, settings) values (?, ?, ?) on conflict do nothing",
        name,
        this.#clock.now(),
        JSON.stringify(settings),
      );
      return changes === 1;
    });
  }

  /** Together with uploads that were never completed. @throws ServiceError NoSuchBucket, BucketNotEmpty */
  async delete(name: string): Promise<void> {
    await this.#database.change(() => {
      this.get(name);
      if (this.#database.get("select 1 from versions where bucket = ? limit 1", name)) {
        refuse("BucketNotEmpty", { members: { BucketName: name } });
      }
      this.#database.run(
        "update files set is_garbage = 1 where name in (select file from parts join uploads on upload = id where bucket = ?)",
        name,
      );
      this.#database.run("delete from parts where upload in (select id from uploads where bucket = ?)", name);
      this.#database.run("delete from uploads where bucket = ?", name);
      this.#database.run("delete from buckets where name = ?", name);
    });
  }

  /** @param value undefined: as if it had never been set @throws ServiceError NoSuchBucket */
  async set(name: string, kind: SettingKind, value: unknown): Promise<void> {
    await this.#database.change(() => {
      const settings = { ...this.get(name).settings, [kind]: value };
      this.#database.run("update buckets set settings = ? where name = ?", JSON.stringify(settings), name);
    });
  }

  /** @throws ServiceError NoSuchBucket */
  async setVersioning(name: string, status: VersioningStatus): Promise<void> {
    await this.#database.change(() => {
      this.get(name);
      this.#database.run("update buckets set versioning = ? where name = ?", status, name);
    });
  }
}

function bucketOf(row: Row): Bucket {
  return {
    name: row.name as string,
    createdMs: row.created as number,
    versioning: (row.versioning as VersioningStatus | null) ?? undefined,
    settings: JSON.parse(row.settings as string),
  };
}
