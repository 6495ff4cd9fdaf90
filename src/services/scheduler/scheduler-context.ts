/** What all handlers of Scheduler work with. */

import type { Place } from "../../functions/function-name.ts";
import type { Outbox } from "../../invocation/outbox/outbox.ts";
import type { Clock } from "../../state/clock.ts";
import type { Serial } from "../../state/serial.ts";
import type { ScheduleBook } from "./schedule-book.ts";
import type { SchedulerFail } from "./scheduler-api.ts";

export interface SchedulerContext {
  readonly place: Place;
  readonly clock: Clock;
  readonly fail: SchedulerFail;
  readonly book: ScheduleBook;
  readonly outbox: Outbox;
  /** Changes, one after the other: what one has checked holds until it is stored. */
  readonly changes: Serial;
}
