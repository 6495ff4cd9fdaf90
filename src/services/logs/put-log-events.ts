/** PutLogEvents: what of a batch is taken, what is too old or too new, and what no batch may be. */
import { EVENT_OVERHEAD, MOST_EVENTS } from "./event-page.ts";
import { expiryOf } from "./log-groups-table.ts";
import { findGroup, type LogsHandlers, type LogsParts, streamMissing } from "./logs-api.ts";

/** bytes */
const LARGEST_BATCH = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const OLDEST_MS = 14 * DAY_MS;
const NEWEST_MS = 2 * 3_600_000;

export function putLogEventsHandlers(parts: LogsParts) {
  const { clock, fail, store, streams } = parts;

  return {
    async PutLogEvents({ logGroupName, logStreamName, logEvents }) {
      const group = await findGroup(parts, logGroupName);
      if (!streams.find(group.name, logStreamName)) streamMissing(fail);
      const bytes = logEvents.reduce((sum, { message }) => sum + Buffer.byteLength(message) + EVENT_OVERHEAD, 0);
      if (bytes > LARGEST_BATCH) {
        fail("InvalidParameterException", `Upload too large: ${bytes} bytes exceeds limit of ${LARGEST_BATCH}`);
      }
      const violated = `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length`;
      if (logEvents.length > MOST_EVENTS)
        fail("InvalidParameterException", `${violated} less than or equal to ${MOST_EVENTS}`);
      if (logEvents.some(({ timestamp }, index) => timestamp < (logEvents[index - 1]?.timestamp ?? 0))) {
        fail(
          "InvalidParameterException",
          "Log events in a single PutLogEvents request must be in chronological order.",
        );
      }
      if ((logEvents.at(-1)?.timestamp ?? 0) - (logEvents[0]?.timestamp ?? 0) > DAY_MS) {
        const message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
        fail("InvalidParameterException", message);
      }
      const nowMs = clock.now();
      const expiryMs = expiryOf(group, nowMs) ?? 0;
      const countBefore = (ms: number) => logEvents.filter(({ timestamp }) => timestamp < ms).length;
      const [tooOld, expired] = [countBefore(nowMs - OLDEST_MS), countBefore(expiryMs)];
      const tooNew = logEvents.findIndex(({ timestamp }) => timestamp > nowMs + NEWEST_MS);
      const taken = logEvents.slice(Math.max(tooOld, expired), tooNew < 0 ? undefined : tooNew);
      if (taken.length > 0) await store.accept(group.name, logStreamName, taken, nowMs);
      const rejected = {
        ...(tooNew >= 0 && { tooNewLogEventStartIndex: tooNew }),
        ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
        ...(expired > 0 && { expiredLogEventEndIndex: expired }),
      };
      return {
        nextSequenceToken: sequenceToken(nowMs),
        ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }),
      };
    },
  } satisfies LogsHandlers;
}

/** Nobody needs it any more, but clients pass it on: 56 digits as AWS writes them. */
export function sequenceToken(ms: number): string {
  return `49${String(ms).padStart(54, "0")}`;
}
