/** X-Ray's trace header: that of a caller who names a trace, or a new one. */
import { randomUUID } from "node:crypto";

const TRACE = /^[\x20-\x7e]{1,1024}$/;

/** Is it a trace header that can be passed on? */
export const isTraceId = (given: string | undefined): given is string =>
  given?.includes("Root=1-") === true && TRACE.test(given);

/** A new trace, not sampled. @param nowMs milliseconds since 1970; the root's first part is the time */
export function newTraceId(nowMs: number): string {
  // UUIDs come out of Node's stock of random bytes; asking the system each time costs more than all the rest here.
  const one = randomUUID();
  const two = randomUUID();
  const root = one.slice(0, 8) + one.slice(9, 13) + one.slice(24);
  const parent = two.slice(0, 8) + two.slice(9, 13) + two.slice(32);
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, "0");
  return `Root=1-${seconds}-${root};Parent=${parent};Sampled=0`;
}
