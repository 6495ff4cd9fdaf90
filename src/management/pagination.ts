/** Markers and page sizes of lists. A marker is opaque to callers: base64 of where the page before ended. */
import type { Position } from "../functions/catalog-listing.ts";
import type { LambdaFail } from "./lambda-api.ts";

/** Lambda accepts larger pages (the model says up to 10,000) but answers no more than this. */
const LARGEST_PAGE = 50;

export function pageOf(after: Position | undefined, maxItems: number | undefined): { after?: Position; limit: number } {
  return { ...(after && { after }), limit: Math.min(maxItems ?? LARGEST_PAGE, LARGEST_PAGE) };
}

/** @param list names the list, so that its markers fit no other */
export function writeMarker(list: string, next: Position | undefined): { NextMarker?: string } {
  return next ? { NextMarker: encoded(list, next) } : {};
}

/** @throws InvalidParameterValueException when it is not a marker that writeMarker() made for the same list */
export function readMarker(fail: LambdaFail, list: string, marker: string | undefined): Position | undefined {
  if (marker === undefined || marker === "") return undefined;
  const [of, functionName, versionNumber] = decoded(marker);
  if (of === list && typeof functionName === "string" && Number.isSafeInteger(versionNumber)) {
    const position = { functionName, versionNumber: versionNumber as number };
    // Decoders of base64 forgive a lot: what does not come out the same again was tampered with.
    if (encoded(list, position) === marker) return position;
  }
  return fail("InvalidParameterValueException", "The provided marker is invalid.");
}

function encoded(list: string, { functionName, versionNumber }: Position): string {
  return Buffer.from(JSON.stringify([list, functionName, versionNumber])).toString("base64");
}

function decoded(marker: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(marker, "base64").toString("utf8"));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
