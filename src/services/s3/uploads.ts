/** Multipart uploads that were begun: their parts, and what the object is to be once they are complete. */

import type { Clock } from "../../state/clock.ts";
import { newHexId } from "../../state/ids.ts";
import type { Row } from "../../state/statements.ts";
import type { Buckets } from "./buckets.ts";
import type { Checksum, ChecksumName } from "./checksums.ts";
import type { Segment } from "./object-files.ts";
import type { ObjectAbout, Tags } from "./object-version.ts";
import type { S3Database } from "./s3-database.ts";
import { refuse } from "./s3-errors.ts";

export interface UploadAbout extends Pick<ObjectAbout, "headers" | "metadata" | "storageClass"> {
  readonly tags: Tags;
  readonly checksumName?: ChecksumName;
  readonly checksumType?: Checksum["type"];
}

export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly about: UploadAbout;
}

export interface Part {
  readonly number: number;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly checksum: Checksum | undefined;
  readonly file: string;
}

export class Uploads {
  readonly #database: S3Database;
  readonly #buckets: Buckets;
  readonly #clock: Clock;

  constructor(database: S3Database, buckets: Buckets, clock: Clock) {
    this.#database = database;
    this.#buckets = buckets;
    this.#clock = clock;
  }

  /** @returns its id @throws ServiceError NoSuchBucket */
  async begin(bucket: string, key: string, about: UploadAbout): Promise<string> {
    const id = newHexId(32);
    await this.#database.change(() => {
      this.#buckets.get(bucket);
      this.#database.run(
        "insert into uploads (id, bucket, key, initiated, about) values (?, ?, ?, ?, ?)",
        id,
        bucket,
        key,
        this.#clock.now(),
        JSON.stringify(about),
      );
    });
    return id;
  }

  /** @throws ServiceError NoSuchBucket, NoSuchUpload */
  get(bucket: string, key: string, id: string): Upload {
    this.#buckets.get(bucket);
    const row = this.#database.get("select * from uploads where id = ? and bucket = ? and key = ?", id, bucket, key);
    return row ? uploadOf(row) : refuse("NoSuchUpload", { members: { UploadId: id } });
  }

  parts(id: string, after = 0, limit = -1): Part[] {
    const rows = this.#database.all(
      "select * from parts where upload = ? and number > ? order by number limit ?",
      id,
      after,
      limit,
    );
    return rows.map(partOf);
  }

  /** In place of the part that had its number. @throws ServiceError NoSuchUpload when the upload is over by now */
  async put(upload: Upload, number: number, { file, size }: Segment, etag: string, checksum: Checksum): Promise<Part> {
    const modifiedMs = this.#clock.now();
    await this.#database.change(() => {
      this.get(upload.bucket, upload.key, upload.id);
      this.#dropParts(upload.id, "number = ?", number);
      this.#database.run(
        "insert into parts (upload, number, size, etag, modified, checksum, file) values (?, ?, ?, ?, ?, ?, ?)",
        upload.id,
        number,
        size,
        etag,
        modifiedMs,
        JSON.stringify(checksum),
        file,
      );
      this.#database.run("insert into files (name) values (?)", file);
    });
    return { number, size, etag, modifiedMs, checksum, file };
  }

  /** @throws ServiceError NoSuchUpload */
  async abort(bucket: string, key: string, id: string): Promise<void> {
    await this.#database.change(() => {
      this.end(this.get(bucket, key, id));
    });
  }

  /** Part of a change: nothing is left of the upload and the files of its parts, but what refers to them from now on. */
  end({ id }: Upload): void {
    this.#dropParts(id, "number > ?", 0);
    this.#database.run("delete from uploads where id = ?", id);
  }

  #dropParts(id: string, which: "number = ?" | "number > ?", number: number): void {
    this.#database.run(
      `update files set is_garbage = 1 where name in (select file from parts where upload = ? and ${which})`,
      id,
      number,
    );
    this.#database.run(`delete from parts where upload = ? and ${which}`, id, number);
  }
}

export function uploadOf(row: Row): Upload {
  return {
    id: row.id as string,
    bucket: row.bucket as string,
    key: row.key as string,
    initiatedMs: row.initiated as number,
    about: JSON.parse(row.about as string),
  };
}

function partOf(row: Row): Part {
  return {
    number: row.number as number,
    size: row.size as number,
    etag: row.etag as string,
    modifiedMs: row.modified as number,
    checksum: row.checksum === null ? undefined : JSON.parse(row.checksum as string),
    file: row.file as string,
  };
}
