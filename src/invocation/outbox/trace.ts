/** A trace header for what begins within the region. */
import { newHexId } from "../../state/ids.ts";

/** @param nowMs unix ms */
export function newTraceHeader(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000).toString(16);
  return `Root=1-${seconds}-${newHexId(12)};Parent=${newHexId(8)};Sampled=0`;
}
