/** The types of Scheduler's API, as the SDK publishes them. */
import type { Fail } from "../../wire/fail.ts";
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";

export type Scheduler = typeof import("@aws-sdk/client-scheduler");
export type SchedulerHandlers = Handlers<Scheduler>;
export type SchedulerInput<Name extends OperationName<Scheduler>> = Input<Scheduler, Name>;
export type SchedulerFail = Fail<Scheduler>;
