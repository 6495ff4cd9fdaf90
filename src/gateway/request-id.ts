/** Names of requests: x-amzn-RequestId and the X-Ray trace header. */
import { randomBytes } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const TRACE = /^[\x20-\x7e]{1,1024}$/;

export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text);

/**
 * The caller's trace header when it names a root, else a new one, not sampled.
 * @param nowMs milliseconds since 1970; the root's first part is the time
 */
export function traceId(given: string | undefined, nowMs: number): string {
  if (given?.includes("Root=1-") && TRACE.test(given)) return given;
  const random = randomBytes(20).toString("hex");
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, "0");
  return `Root=1-${seconds}-${random.slice(0, 24)};Parent=${random.slice(24)};Sampled=0`;
}
