/** Markers and page sizes of lists. A marker is opaque to callers: base64 of the list's name and where the page before ended. */
import type { Position } from "../functions/catalog-listing.ts";
import type { LambdaFail } from "./lambda-api.ts";

/** Lambda accepts larger pages (the model says up to 10,000) but answers no more than this. */
const LARGEST_PAGE = 50;

export function pageSize(maxItems: number | undefined, largest = LARGEST_PAGE): number {
  return Math.min(maxItems ?? largest, largest);
}

/**
 * One page of what was fetched with a limit of one more than the page holds.
 * @param positionOf where an item stands in the list, for the marker
 */
export function pageOf<T>(
  fetched: readonly T[],
  size: number,
  positionOf: (last: T) => string,
): { items: readonly T[]; next?: string } {
  const items = fetched.slice(0, size);
  const last = items.at(-1);
  return { items, ...(fetched.length > size && last !== undefined && { next: positionOf(last) }) };
}

/** @param list names the list, so that its markers fit no other */
export function writeMarker(list: string, next: string | undefined): { NextMarker?: string } {
  return next === undefined ? {} : { NextMarker: encoded(list, next) };
}

/** @throws InvalidParameterValueException when it is not a marker that writeMarker() made for the same list */
export function readMarker(fail: LambdaFail, list: string, marker: string | undefined): string | undefined {
  if (marker === undefined || marker === "") return undefined;
  const [of, position] = decoded(marker);
  // Decoders of base64 forgive a lot: what does not come out the same again was tampered with.
  if (of === list && typeof position === "string" && encoded(list, position) === marker) return position;
  return fail("InvalidParameterValueException", "The provided marker is invalid.");
}

/** A version's place in lists of functions and versions, as the text of a marker. */
export function positionText({ functionName, versionNumber }: Position): string {
  return `${functionName}:${versionNumber}`;
}

/** What positionText() wrote. */
export function positionFrom(text: string | undefined): Position | undefined {
  if (text === undefined) return undefined;
  const [functionName = "", versionNumber] = text.split(":");
  return { functionName, versionNumber: Number(versionNumber) };
}

function encoded(list: string, position: string): string {
  return Buffer.from(JSON.stringify([list, position])).toString("base64");
}

function decoded(marker: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(marker, "base64").toString("utf8"));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
