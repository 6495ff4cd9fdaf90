/**
 * Lists of a bucket's objects, versions or uploads, in the order of their keys' UTF-8 bytes, with the keys that share what
 * stands before a delimiter as one entry. A group of keys is passed over in one step, however many they are.
 */
import type { SQLInputValue } from "node:sqlite";
import type { Row } from "../../state/statements.ts";
import type { S3Database } from "./s3-database.ts";

export interface ListRequest {
  readonly prefix: string;
  /** `""`: none. */
  readonly delimiter: string;
  /** Where to go on: behind this key, or this group. */
  readonly after: string;
  /** Behind this entry of the key `after`, of those that have several. */
  readonly afterEntry?: SQLInputValue;
  readonly limit: number;
}

export interface Listed {
  readonly rows: readonly Row[];
  readonly prefixes: readonly string[];
  /** The last key or group in it, when there are more behind. */
  readonly next: string | undefined;
  /** The last row, when that was the last in it. */
  readonly lastRow: Row | undefined;
}

/** One way to go through a table: rows with a `key`, from a position on. */
export interface Source {
  /** Rows whose key is behind. */
  behind(key: string): IterableIterator<Row>;
  /** Rows whose key is at or behind. */
  from(key: string): IterableIterator<Row>;
  /** Rows of the key that come behind the entry, and those of later keys. */
  behindEntry?(key: string, entry: SQLInputValue): IterableIterator<Row>;
}

/** Sorts behind everything that begins with the text. */
const endOf = (text: string): string => `${text}\u{10FFFF}`;

export function list(source: Source, request: ListRequest): Listed {
  const { prefix, delimiter, after, afterEntry, limit } = request;
  const rows: Row[] = [];
  const prefixes: string[] = [];
  if (limit === 0) return { rows, prefixes, next: undefined, lastRow: undefined };
  let last = "";
  let lastRow: Row | undefined;
  let walk = begin(source, prefix, delimiter, after, afterEntry);
  for (;;) {
    let skipTo: string | undefined;
    for (const row of walk) {
      const key = row.key as string;
      if (!key.startsWith(prefix)) return { rows, prefixes, next: undefined, lastRow: undefined };
      if (rows.length + prefixes.length === limit) return { rows, prefixes, next: last, lastRow };
      const group = groupOf(key, prefix, delimiter);
      last = group ?? key;
      lastRow = group === undefined ? row : undefined;
      if (group === undefined) {
        rows.push(row);
        continue;
      }
      prefixes.push(group);
      skipTo = endOf(group);
      break;
    }
    if (skipTo === undefined) return { rows, prefixes, next: undefined, lastRow: undefined };
    walk = source.behind(skipTo);
  }
}

function begin(
  source: Source,
  prefix: string,
  delimiter: string,
  after: string,
  afterEntry: SQLInputValue | undefined,
): IterableIterator<Row> {
  if (Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0) return source.from(prefix);
  if (afterEntry !== undefined && source.behindEntry) return source.behindEntry(after, afterEntry);
  return source.behind(groupOf(after, prefix, delimiter) === after ? endOf(after) : after);
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "" || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

export function currentObjects(database: S3Database, bucket: string): Source {
  const text = (compare: string) =>
    `select * from versions indexed by versions_latest where bucket = ? and key ${compare} ? and is_latest = 1 and is_marker = 0 order by key`;
  return {
    behind: (key) => database.iterate(text(">"), bucket, key),
    from: (key) => database.iterate(text(">="), bucket, key),
  };
}

/** The newest of a key first. Entries are told by `seq`. */
export function allVersions(database: S3Database, bucket: string): Source {
  const text = (compare: string) =>
    `select * from versions where bucket = ? and key ${compare} ? order by key, seq desc`;
  return {
    behind: (key) => database.iterate(text(">"), bucket, key),
    from: (key) => database.iterate(text(">="), bucket, key),
    *behindEntry(key, seq) {
      yield* database.iterate(
        "select * from versions where bucket = ? and key = ? and seq < ? order by key, seq desc",
        bucket,
        key,
        seq,
      );
      yield* database.iterate(text(">"), bucket, key);
    },
  };
}

/** The oldest of a key first. Entries are told by `id`. */
export function openUploads(database: S3Database, bucket: string): Source {
  const text = (compare: string) =>
    `select * from uploads where bucket = ? and key ${compare} ? order by key, initiated, id`;
  return {
    behind: (key) => database.iterate(text(">"), bucket, key),
    from: (key) => database.iterate(text(">="), bucket, key),
    *behindEntry(key, id) {
      const after = database.get("select initiated from uploads where id = ?", id)?.initiated as number | undefined;
      if (after !== undefined) {
        yield* database.iterate(
          "select * from uploads where bucket = ? and key = ? and (initiated, id) > (?, ?) order by key, initiated, id",
          bucket,
          key,
          after,
          id,
        );
      }
      yield* database.iterate(text(">"), bucket, key);
    },
  };
}
