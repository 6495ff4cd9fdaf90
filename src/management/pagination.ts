/** Markers and page sizes of lists. A marker is opaque to callers: base64 of where the page before ended. */
import type { Position } from "../functions/catalog-listing.ts";
import type { LambdaFail } from "./lambda-api.ts";

/** Lambda accepts larger pages (the model says up to 10,000) but answers no more than this. */
const LARGEST_PAGE = 50;

export function pageOf(after: Position | undefined, maxItems: number | undefined): { after?: Position; limit: number } {
  return { ...(after && { after }), limit: Math.min(maxItems ?? LARGEST_PAGE, LARGEST_PAGE) };
}

export function writeMarker(next: Position | undefined): { NextMarker?: string } {
  if (!next) return {};
  const text = JSON.stringify([next.functionName, next.versionNumber]);
  return { NextMarker: Buffer.from(text).toString("base64") };
}

/** @throws InvalidParameterValueException when it is not a marker that writeMarker() made */
export function readMarker(fail: LambdaFail, marker: string | undefined): Position | undefined {
  if (marker === undefined || marker === "") return undefined;
  const [functionName, versionNumber] = decoded(marker);
  if (typeof functionName !== "string" || !Number.isSafeInteger(versionNumber)) {
    return fail("InvalidParameterValueException", "The provided marker is invalid.");
  }
  return { functionName, versionNumber: versionNumber as number };
}

function decoded(marker: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(marker, "base64").toString("utf8"));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
