/** How a row of the queue becomes what lists show, and which rows are meant. */
import type { SQLInputValue } from "node:sqlite";
import type { FoundEntry, ListedEntry, Selection } from "./queue.ts";
import type { Row } from "./statements.ts";

export const LISTED =
  "id, lane, key, due, claimed, buried, about, (select length(payload) from payloads where payloads.id = entries.id) as bytes";

export function listedEntry(row: Row): ListedEntry {
  return {
    id: row.id as number,
    lane: row.lane as string,
    key: row.key as string,
    about: row.about as string,
    dueMs: (row.due as number | null) ?? undefined,
    buriedMs: (row.buried as number | null) ?? undefined,
    isClaimed: row.claimed === 1,
    payloadBytes: row.bytes as number,
  };
}

export function foundEntry(row: Row): FoundEntry {
  return { ...listedEntry(row), ...contentOf(row) };
}

export function contentOf(row: Row): { payload: Buffer; answer: Buffer | undefined } {
  return {
    payload: bufferOf(row.payload as Uint8Array),
    answer: row.answer ? bufferOf(row.answer as Uint8Array) : undefined,
  };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** A condition for the rows that are meant, and the values in it. Few different texts: each stays prepared. */
export function whereOf(which: Selection & { key?: string; below?: number | undefined }): [string, SQLInputValue[]] {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (part: string, ...more: SQLInputValue[]): void => {
    parts.push(part);
    values.push(...more);
  };
  if (which.key !== undefined) add("key = ?", which.key);
  if (which.lane !== undefined) add("lane = ?", which.lane);
  if (which.below !== undefined) add("entries.id < ?", which.below);
  if (which.buried !== undefined) add(which.buried ? "buried is not null" : "buried is null");
  return [parts.length === 0 ? "1" : parts.join(" and "), values];
}
