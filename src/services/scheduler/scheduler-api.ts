/** The types of Scheduler's API, as the SDK publishes them, and what all of its handlers work with. */
import type { Place } from "../../functions/function-name.ts";
import type { Outbox } from "../../invocation/outbox/outbox.ts";
import type { Clock } from "../../state/clock.ts";
import type { Serial } from "../../state/serial.ts";
import type { Fail } from "../../wire/fail.ts";
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";
import type { ScheduleBook } from "./schedule-book.ts";

export type Scheduler = typeof import("@aws-sdk/client-scheduler");
export type SchedulerHandlers = Handlers<Scheduler>;
export type SchedulerInput<Name extends OperationName<Scheduler>> = Input<Scheduler, Name>;
export type SchedulerFail = Fail<Scheduler>;

export interface SchedulerContext {
  readonly place: Place;
  readonly clock: Clock;
  readonly fail: SchedulerFail;
  readonly book: ScheduleBook;
  readonly outbox: Outbox;
  /** Changes, one after the other: what one has checked holds until it is stored. */
  readonly changes: Serial;
}
