/**
 * How often an event has already come by, in the trace header that functions pass on: `Lineage=<hash>:<count>|...`, an
 * entry for each function of the chain (contract/03 §4). What is counted does not depend on sampling.
 */
import { sha256Hex } from "../state/ids.ts";

/** Invocations of one function in a chain; the next is dropped. */
export const LONGEST_CHAIN = 16;

const FIELD = "Lineage=";
const ENTRY = /^([0-9a-f]{8}):(\d{1,9})$/;
/** Functions that a chain remembers: enough for any that is meant, and the header stays short. */
const MOST_FUNCTIONS = 24;
const HASHES_KEPT = 10_000;

const hashes = new Map<string, string>();

export interface Extended {
  /** The header that the function is to get. */
  readonly traceId: string;
  /** Of the function in its chain, this invocation included. */
  readonly invocations: number;
}

/** The trace header of an invocation of the function, one step further. @param functionArn without qualifier */
export function extendLineage(traceId: string, functionArn: string): Extended {
  const hash = hashOf(functionArn);
  const at = traceId.indexOf(FIELD);
  if (at < 0) return { traceId: `${traceId};${FIELD}${hash}:1`, invocations: 1 };
  const fields = traceId.split(";");
  let invocations = 1;
  const others: string[] = [];
  for (const field of fields) {
    if (!field.startsWith(FIELD)) continue;
    for (const entry of field.slice(FIELD.length).split("|")) {
      const [, of, count] = ENTRY.exec(entry) ?? [];
      // What is no entry was not written by a region.
      if (of === hash) invocations = Math.max(invocations, Number(count) + 1);
      else if (of !== undefined) others.push(entry);
    }
  }
  const lineage = [...others.slice(1 - MOST_FUNCTIONS), `${hash}:${invocations}`].join("|");
  const kept = fields.filter((field) => !field.startsWith(FIELD));
  return { traceId: [...kept, FIELD + lineage].join(";"), invocations };
}

/** The same text again and again: hashed once. */
function hashOf(functionArn: string): string {
  let hash = hashes.get(functionArn);
  if (hash === undefined) {
    hash = sha256Hex(functionArn).slice(0, 8);
    if (hashes.size >= HASHES_KEPT) hashes.clear();
    hashes.set(functionArn, hash);
  }
  return hash;
}
