/** Names of requests: x-amzn-RequestId and the X-Ray trace header. */
import { isTraceId, newTraceId } from "../invocation/trace-id.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text);

/** The caller's trace header when it names a root, else a new one, not sampled. @param nowMs milliseconds since 1970 */
export const traceId = (given: string | undefined, nowMs: number): string =>
  isTraceId(given) ? given : newTraceId(nowMs);
