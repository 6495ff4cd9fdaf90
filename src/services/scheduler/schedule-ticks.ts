/** When schedules are due, and what becomes of a tick: the invocation, the next tick, or the end of the schedule. */
import type { Place } from "../../functions/function-name.ts";
import { type OnTick, type Tick, tickEntry } from "../../invocation/outbox/outbox.ts";
import { nextTick, parseScheduleExpression } from "../../invocation/schedules/schedule-expression.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { NewEntry } from "../../state/queue.ts";
import { invocationsOf } from "./invocation.ts";
import { type Schedule, type ScheduleBook, scheduleKey } from "./schedule-book.ts";

/** The tick of a schedule that has no further one: it is over. */
const OVER = -1;
/** Of an earlier life: later than that a missed tick is lost, as at AWS by default. */
const LONGEST_MISSED_MS = 24 * 3_600_000;

/**
 * The next tick after a time (unix ms), within its window; for a schedule that deletes itself its end.
 * A rate begins at once, or with its start.
 */
export function nextScheduleTick(schedule: Schedule, afterMs: number): readonly NewEntry[] {
  const { revision, startMs, endMs, changedMs } = schedule;
  const name = scheduleKey(schedule);
  if (schedule.state === "DISABLED") return [];
  const parsed = parseScheduleExpression(schedule.expression, schedule.zone);
  if (!parsed) return [];
  const anchorMs = startMs ?? changedMs;
  const next = nextTick(parsed, { afterMs, anchorMs });
  if (next !== undefined && (endMs === undefined || next <= endMs)) {
    return [tickEntry({ name, revision, scheduledMs: next }, next + delayWithin(schedule.windowMinutes))];
  }
  return schedule.deletesItself ? [tickEntry({ name, revision, scheduledMs: OVER }, afterMs)] : [];
}

/** The first tick of a schedule that is new or was changed. */
export function firstScheduleTick(schedule: Schedule): readonly NewEntry[] {
  return nextScheduleTick(schedule, schedule.changedMs - 1);
}

const delayWithin = (minutes: number): number => Math.floor(Math.random() * minutes * 60_000);

export interface ScheduleTicksOptions {
  readonly book: ScheduleBook;
  readonly clock: Clock;
  readonly place: Place;
  readonly log: Log;
}

/** A tick that was missed while the region was down fires late, once, however many were missed. */
export function scheduleTicks({ book, clock, place, log }: ScheduleTicksOptions): OnTick {
  return async (tick) => {
    const schedule = book.find(tick.name);
    if (!schedule || schedule.revision !== tick.revision || schedule.state === "DISABLED") return [];
    if (tick.scheduledMs === OVER) {
      await book.remove(schedule);
      return [];
    }
    const nowMs = clock.now();
    const next = nextScheduleTick(schedule, Math.max(tick.scheduledMs, nowMs));
    return [...invocations(schedule, tick, nowMs), ...next];
  };

  function invocations(schedule: Schedule, { scheduledMs }: Tick, nowMs: number): readonly NewEntry[] {
    const scheduleArn = book.scheduleArn(schedule);
    const ageSeconds = schedule.target.RetryPolicy?.MaximumEventAgeInSeconds;
    const longestMs = ageSeconds === undefined ? LONGEST_MISSED_MS : ageSeconds * 1000;
    if (nowMs - scheduledMs > longestMs + schedule.windowMinutes * 60_000) {
      log.warn("a tick was missed for too long", { scheduleArn, scheduledMs });
      return [];
    }
    try {
      return invocationsOf({ schedule, scheduleArn, scheduledMs, nowMs, place });
    } catch (error) {
      // Its input was good when it was stored; what a placeholder became did not fit.
      log.error("a schedule could not be invoked", { scheduleArn, error });
      return [];
    }
  }
}
