/** Names of requests: x-amzn-RequestId and the X-Ray trace header. */
import { randomUUID } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const TRACE = /^[\x20-\x7e]{1,1024}$/;

export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text);

/**
 * The caller's trace header when it names a root, else a new one, not sampled.
 * @param nowMs milliseconds since 1970; the root's first part is the time
 */
export function traceId(given: string | undefined, nowMs: number): string {
  if (given?.includes("Root=1-") && TRACE.test(given)) return given;
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
