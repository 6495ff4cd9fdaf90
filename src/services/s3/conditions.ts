/** Conditional requests (RFC 9110 §13, with S3's exceptions): read only if, write only if. */
import { type ObjectVersion, wholeSeconds } from "./object-version.ts";
import { refuse } from "./s3-errors.ts";

export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

/** Does a list of entity tags, or `*`, name this one? Clients leave the quotes out, too. */
export function namesEtag(list: string, etag: string): boolean {
  const bare = (tag: string): string =>
    tag
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1");
  return list.trim() === "*" || list.split(",").some((tag) => bare(tag) === bare(etag));
}

type Verdict = "go on" | "not modified" | "failed";

/** Of two that contradict each other the tag decides. */
function verdict(conditions: ReadConditions, { etag, modifiedMs }: ObjectVersion): Verdict {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  const modified = wholeSeconds(modifiedMs).getTime();
  if (IfMatch !== undefined) {
    if (!namesEtag(IfMatch, etag)) return "failed";
  } else if (IfUnmodifiedSince !== undefined && modified > IfUnmodifiedSince.getTime()) return "failed";
  if (IfNoneMatch !== undefined) return namesEtag(IfNoneMatch, etag) ? "not modified" : "go on";
  return IfModifiedSince !== undefined && modified <= IfModifiedSince.getTime() ? "not modified" : "go on";
}

/** @throws ServiceError PreconditionFailed, NotModified */
export function checkRead(conditions: ReadConditions, version: ObjectVersion): void {
  const found = verdict(conditions, version);
  if (found === "failed") failed(conditions);
  if (found === "not modified") {
    const headers = { etag: version.etag, "last-modified": wholeSeconds(version.modifiedMs).toUTCString() };
    refuse("NotModified", { headers });
  }
}

/** Of the source of a copy: what is not modified fails, too. @throws ServiceError PreconditionFailed */
export function checkSource(conditions: ReadConditions, version: ObjectVersion): void {
  if (verdict(conditions, version) !== "go on") failed(conditions);
}

export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** @throws ServiceError InvalidArgument, NotImplemented: what S3 does not take of a write */
export function checkWriteConditions({ IfMatch, IfNoneMatch }: WriteConditions): void {
  if (IfNoneMatch !== undefined && IfNoneMatch.trim() !== "*") {
    refuse("NotImplemented", { members: { Header: "If-None-Match" } });
  }
  if (IfMatch !== undefined && IfNoneMatch !== undefined) {
    refuse("NotImplemented", { members: { Header: "If-Match" } });
  }
}

/** @param current the latest version, a delete marker being none @throws ServiceError PreconditionFailed, NoSuchKey */
export function checkWrite(conditions: WriteConditions, key: string, current: ObjectVersion | undefined): void {
  const there = current?.isMarker ? undefined : current;
  const { IfMatch, IfNoneMatch } = conditions;
  if (IfNoneMatch !== undefined && there) failed(conditions);
  if (IfMatch === undefined) return;
  if (!there) refuse("NoSuchKey", { members: { Key: key } });
  if (!namesEtag(IfMatch, there.etag)) failed(conditions);
}

function failed(conditions: ReadConditions): never {
  const name = (
    [
      ["IfMatch", "If-Match"],
      ["IfUnmodifiedSince", "If-Unmodified-Since"],
      ["IfNoneMatch", "If-None-Match"],
      ["IfModifiedSince", "If-Modified-Since"],
    ] as const
  ).find(([member]) => conditions[member] !== undefined);
  return refuse("PreconditionFailed", { members: { Condition: name?.[1] ?? "" } });
}
