/** One version of an object, or a delete marker: what is known of it besides its bytes. */

import type { Row } from "../../state/statements.ts";
import type { Checksum } from "./checksums.ts";
import type { Segment } from "./object-files.ts";

/** Headers that come with an object and go out with it as they are. */
export interface ObjectHeaders {
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly ContentType?: string;
  /** ISO 8601 */
  readonly Expires?: string;
  readonly WebsiteRedirectLocation?: string;
}

export interface ObjectPart {
  readonly number: number;
  readonly size: number;
  /** base64 */
  readonly checksum?: string;
}

export type Tags = Readonly<Record<string, string>>;

/** What is kept of a version and never looked for. */
export interface ObjectAbout {
  readonly headers: ObjectHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum?: Checksum;
  readonly storageClass?: string;
  readonly segments: readonly Segment[];
  /** Of objects that came in parts, or were copied from one. */
  readonly parts?: readonly ObjectPart[];
}

export interface ObjectVersion {
  readonly bucket: string;
  readonly key: string;
  /** Greater than that of every older version. */
  readonly seq: number;
  /** `null` for those made while the bucket was not versioned. */
  readonly versionId: string;
  readonly isLatest: boolean;
  /** A delete marker has no bytes. */
  readonly isMarker: boolean;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly tags: Tags;
  readonly about: ObjectAbout;
}

export const NULL_VERSION = "null";

export function versionOf(row: Row): ObjectVersion {
  return {
    bucket: row.bucket as string,
    key: row.key as string,
    seq: row.seq as number,
    versionId: row.version_id as string,
    isLatest: row.is_latest === 1,
    isMarker: row.is_marker === 1,
    size: row.size as number,
    etag: row.etag as string,
    modifiedMs: row.modified as number,
    tags: row.tags === null ? {} : JSON.parse(row.tags as string),
    about: JSON.parse(row.about as string),
  };
}

/** Grows with time for each key, compared as text of the same length. */
export const sequencer = (seq: number): string => seq.toString(16).toUpperCase().padStart(18, "0");

/** Last-Modified has seconds. */
export const wholeSeconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);
