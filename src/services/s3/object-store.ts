/**
 * Objects as a whole: bytes, versions and the events that tell of them change together or not at all. A change is a
 * commit of the database; files are written before it and removed after it.
 */
import { newTraceId } from "../../invocation/trace-id.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import { type Bucket, Buckets } from "./buckets.ts";
import type { BodyDigest, Checksum } from "./checksums.ts";
import { checkWrite, type WriteConditions } from "./conditions.ts";
import { matching, type Notifications } from "./notification-rules.ts";
import { type Actor, busEntry, type EventName, eventMessage, type ObjectEvent } from "./object-event.ts";
import type { ObjectFiles, Segment } from "./object-files.ts";
import { type Deletion, type NewVersion, ObjectIndex } from "./object-index.ts";
import type { ObjectVersion, Tags } from "./object-version.ts";
import type { Outbox } from "./outbox.ts";
import type { BodyStream, CallContext } from "./s3-api.ts";
import type { S3Database } from "./s3-database.ts";
import { refuse } from "./s3-errors.ts";
import { type Part, type Upload, Uploads } from "./uploads.ts";

/** Who asks for a change, and in which trace. */
export type Caller = Actor & Pick<CallContext, "traceId">;

export interface StoreOptions {
  readonly database: S3Database;
  readonly files: ObjectFiles;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Written {
  readonly segment: Segment;
  readonly md5: Buffer;
  readonly checksum: Checksum;
}

export class ObjectStore {
  readonly database: S3Database;
  readonly files: ObjectFiles;
  readonly buckets: Buckets;
  readonly index: ObjectIndex;
  readonly uploads: Uploads;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #log: Log;
  #removing: Promise<void> | undefined;

  constructor({ database, files, outbox, clock, log }: StoreOptions) {
    this.database = database;
    this.files = files;
    this.buckets = new Buckets(database, clock);
    this.index = new ObjectIndex(database, clock);
    this.uploads = new Uploads(database, this.buckets, clock);
    this.#outbox = outbox;
    this.#clock = clock;
    this.#log = log;
  }

  /** What a crash left is put in order. */
  async recover(): Promise<void> {
    await this.files.sweep(
      (file) => this.database.get("select 1 from files where name = ? and is_garbage = 0", file) !== undefined,
    );
    await this.removeGarbage();
  }

  /** Writes a body to a file that nothing refers to yet. @throws ServiceError when it is not the body that was promised */
  async receive(body: BodyStream | AsyncIterable<Buffer>, digest: BodyDigest): Promise<Written> {
    const segment = await this.files.write(body, (bytes) => digest.update(bytes));
    try {
      return { segment, ...(await digest.finish("trailers" in body ? body.trailers : undefined)) };
    } catch (error) {
      await this.files.discard(segment.file);
      throw error;
    }
  }

  /**
   * Make a version of files that were written, and tell of it.
   * @param also further parts of the change, before anything of it is written
   * @throws ServiceError NoSuchBucket, PreconditionFailed and what `also` throws; the files are gone then
   */
  async put(
    bucketName: string,
    version: NewVersion,
    {
      event,
      caller,
      conditions = {},
      also,
    }: {
      readonly event: EventName;
      readonly caller: Caller;
      readonly conditions?: WriteConditions;
      readonly also?: () => void;
    },
  ): Promise<{ readonly version: ObjectVersion; readonly bucket: Bucket }> {
    const files = version.about.segments.map(({ file }) => file);
    const { put, bucket } = await this.database
      .change(() => {
        const bucket = this.buckets.get(bucketName);
        checkWrite(conditions, version.key, this.index.find(bucketName, version.key));
        also?.();
        const put = this.index.put(bucket, version);
        this.#tell(bucket, { name: event, version: put, timeMs: put.modifiedMs, actor: caller }, caller);
        return { put, bucket };
      })
      .catch(async (error) => {
        // Files of an upload's parts are its own: it goes on.
        if (!also) await Promise.all(files.map((file) => this.files.discard(file)));
        throw error;
      });
    // Who is told reads the object wherever its files are on their way.
    this.#outbox.deliver();
    if (!also) await this.#settle(files);
    this.#removeSoon();
    return { version: put, bucket };
  }

  /** @throws ServiceError NoSuchBucket and what `check` throws */
  async delete(
    bucketName: string,
    key: string,
    versionId: string | undefined,
    caller: Caller,
    check?: (current: ObjectVersion | undefined) => void,
  ): Promise<Deletion & { readonly bucket: Bucket }> {
    const deletion = await this.database.change(() => {
      const bucket = this.buckets.get(bucketName);
      check?.(this.index.find(bucketName, key, versionId));
      const made = this.index.delete(bucket, key, versionId);
      const version = made.marker ?? made.removed;
      if (version !== undefined) {
        const name = made.marker ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete";
        const seq = made.marker ? made.marker.seq : this.index.nextSeq();
        this.#tell(bucket, { name, version, seq, timeMs: this.#clock.now(), actor: caller }, caller);
      }
      return { ...made, bucket };
    });
    this.#outbox.deliver();
    this.#removeSoon();
    return deletion;
  }

  /** @throws ServiceError NoSuchBucket, NoSuchKey and what `find` throws */
  async setTags(
    bucketName: string,
    find: () => ObjectVersion,
    tags: Tags,
    event: EventName,
    caller: Caller,
  ): Promise<ObjectVersion> {
    const version = await this.database.change(() => {
      const bucket = this.buckets.get(bucketName);
      const found = find();
      this.index.setTags(found, tags);
      const seq = this.index.nextSeq();
      this.#tell(bucket, { name: event, version: found, seq, timeMs: this.#clock.now(), actor: caller }, caller);
      return found;
    });
    this.#outbox.deliver();
    return version;
  }

  /** Takes a file that was written as a part of an upload. @throws ServiceError NoSuchUpload; the file is gone then */
  async putPart(upload: Upload, number: number, segment: Segment, etag: string, checksum: Checksum): Promise<Part> {
    try {
      const part = await this.uploads.put(upload, number, segment, etag, checksum);
      await this.#settle([segment.file]);
      this.#removeSoon();
      return part;
    } catch (error) {
      await this.files.discard(segment.file);
      throw error;
    }
  }

  /** Remove files that nothing refers to any more, and forget them. */
  async removeGarbage(): Promise<void> {
    for (;;) {
      const rows = this.database.all("select name from files where is_garbage = 1 limit 100");
      if (rows.length === 0) return;
      const names = rows.map((row) => row.name as string);
      await Promise.all(names.map((name) => this.files.remove(name)));
      await this.database.change(() => {
        for (const name of names) this.database.run("delete from files where name = ? and is_garbage = 1", name);
      });
    }
  }

  async close(): Promise<void> {
    await this.#removing;
  }

  #tell(bucket: Bucket, event: ObjectEvent, caller: Caller): void {
    const notifications = bucket.settings.notification as Notifications | undefined;
    if (notifications === undefined) return;
    const trace = caller.traceId ?? newTraceId(event.timeMs);
    const { name } = bucket;
    for (const rule of matching(notifications, event.name, event.version.key)) {
      this.#outbox.add(rule.arn, name, eventMessage(event, rule.id), trace);
    }
    if (!notifications.eventBridge) return;
    const bus = `arn:aws:events:${caller.region}:${caller.accountId}:event-bus/default`;
    this.#outbox.add(bus, name, busEntry(event), trace);
  }

  /** The database says that they are wanted: that they still lie where they came in harms nobody. */
  async #settle(files: readonly string[]): Promise<void> {
    const moved = await Promise.allSettled(files.map((file) => this.files.settle(file)));
    for (const result of moved) {
      // Somebody may have deleted the object meanwhile, and its file with it.
      if (result.status === "rejected" && result.reason.code !== "ENOENT") {
        this.#log.error("an S3 object stays where it came in until the next start", { error: result.reason });
      }
    }
  }

  #removeSoon(): void {
    this.#removing ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.removeGarbage())
      .catch((error) => this.#log.error("removing S3 objects", { error }))
      .finally(() => {
        this.#removing = undefined;
      });
  }
}

/** A version to read. @throws ServiceError NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker has nothing to read) */
export function readable(
  index: ObjectIndex,
  bucket: string,
  key: string,
  versionId: string | undefined,
): ObjectVersion {
  const version = index.find(bucket, key, versionId);
  if (version === undefined) {
    if (versionId === undefined) return refuse("NoSuchKey", { members: { Key: key } });
    return refuse("NoSuchVersion", { members: { Key: key, VersionId: versionId } });
  }
  if (!version.isMarker) return version;
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": version.versionId };
  if (versionId === undefined) return refuse("NoSuchKey", { members: { Key: key }, headers });
  return refuse("MethodNotAllowed", {
    members: { Method: "GET", ResourceType: "DeleteMarker" },
    headers: { ...headers, allow: "DELETE", "last-modified": new Date(version.modifiedMs).toUTCString() },
  });
}
