/**
 * Which versions of which objects there are. Its writes are parts of a change that somebody makes (S3Database.change).
 * How versions come and go while a bucket's versioning is off, on or suspended is decided here and nowhere else.
 */

import type { Clock } from "../../state/clock.ts";
import { newHexId } from "../../state/ids.ts";
import type { Bucket } from "./buckets.ts";
import { NULL_VERSION, type ObjectAbout, type ObjectVersion, type Tags, versionOf } from "./object-version.ts";
import type { S3Database } from "./s3-database.ts";

export interface NewVersion {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly tags: Tags;
  readonly about: ObjectAbout;
}

/** What a deletion did. */
export interface Deletion {
  /** The version that is gone for good. */
  readonly removed?: ObjectVersion;
  /** The delete marker that now stands in front. */
  readonly marker?: ObjectVersion;
}

const NOTHING: ObjectAbout = { headers: {}, metadata: {}, segments: [] };

export class ObjectIndex {
  readonly #database: S3Database;
  readonly #clock: Clock;
  #lastSeq: number;

  constructor(database: S3Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#lastSeq = (database.get("select max(seq) as seq from versions")?.seq as number | null) ?? 0;
  }

  /** @param versionId undefined: the latest */
  find(bucket: string, key: string, versionId?: string): ObjectVersion | undefined {
    const row =
      versionId === undefined
        ? this.#database.get(
            "select * from versions indexed by versions_latest where bucket = ? and key = ? and is_latest = 1",
            bucket,
            key,
          )
        : this.#database.get(
            "select * from versions indexed by versions_id where bucket = ? and key = ? and version_id = ?",
            bucket,
            key,
            versionId,
          );
    return row && versionOf(row);
  }

  put(bucket: Bucket, version: NewVersion): ObjectVersion {
    const made = this.#make(bucket, version, false);
    for (const { file } of version.about.segments) {
      this.#database.run("insert into files (name) values (?) on conflict do update set is_garbage = 0", file);
    }
    return made;
  }

  /** @param versionId undefined: so that the object is gone, as far as the bucket's versioning lets it */
  delete(bucket: Bucket, key: string, versionId: string | undefined): Deletion {
    if (versionId !== undefined) {
      const removed = this.find(bucket.name, key, versionId);
      if (removed === undefined) return {};
      this.#remove(removed);
      return { removed };
    }
    if (bucket.versioning !== undefined) {
      return { marker: this.#make(bucket, { key, size: 0, etag: "", tags: {}, about: NOTHING }, true) };
    }
    const removed = this.find(bucket.name, key, NULL_VERSION);
    if (removed === undefined) return {};
    this.#remove(removed);
    return { removed };
  }

  setTags({ bucket, key, seq }: ObjectVersion, tags: Tags): void {
    const text = Object.keys(tags).length === 0 ? null : JSON.stringify(tags);
    this.#database.run("update versions set tags = ? where bucket = ? and key = ? and seq = ?", text, bucket, key, seq);
  }

  /** A number that is greater than all before, also those of an earlier life. */
  nextSeq(): number {
    this.#lastSeq = Math.max(this.#lastSeq + 1, this.#clock.now() * 1000);
    return this.#lastSeq;
  }

  #make(bucket: Bucket, version: NewVersion, isMarker: boolean): ObjectVersion {
    const { name, versioning } = bucket;
    const { key, size, etag, tags, about } = version;
    const versionId = versioning === "Enabled" ? newHexId(16) : NULL_VERSION;
    if (versionId === NULL_VERSION) {
      const before = this.find(name, key, NULL_VERSION);
      if (before !== undefined) this.#drop(before);
    }
    this.#database.run(
      "update versions indexed by versions_latest set is_latest = 0 where bucket = ? and key = ? and is_latest = 1",
      name,
      key,
    );
    const seq = this.nextSeq();
    const modifiedMs = this.#clock.now();
    this.#database.run(
      "insert into versions (bucket, key, seq, version_id, is_latest, is_marker, size, etag, modified, tags, about) values (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
      name,
      key,
      seq,
      versionId,
      isMarker ? 1 : 0,
      size,
      etag,
      modifiedMs,
      Object.keys(tags).length === 0 ? null : JSON.stringify(tags),
      JSON.stringify(about),
    );
    return { bucket: name, key, seq, versionId, isLatest: true, isMarker, size, etag, modifiedMs, tags, about };
  }

  /** Where the latest version goes, the one before it is the latest again. */
  #remove(version: ObjectVersion): void {
    this.#drop(version);
    if (!version.isLatest) return;
    const { bucket, key } = version;
    this.#database.run(
      "update versions set is_latest = 1 where bucket = ? and key = ? and seq = (select max(seq) from versions where bucket = ? and key = ?)",
      bucket,
      key,
      bucket,
      key,
    );
  }

  #drop({ bucket, key, seq, about }: ObjectVersion): void {
    this.#database.run("delete from versions where bucket = ? and key = ? and seq = ?", bucket, key, seq);
    for (const { file } of about.segments) {
      this.#database.run("update files set is_garbage = 1 where name = ?", file);
    }
  }
}
