/** The types of EventBridge's API, as the SDK publishes them. */
import type { Fail } from "../../wire/fail.ts";
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";

export type Events = typeof import("@aws-sdk/client-eventbridge");
export type EventsHandlers = Handlers<Events>;
export type EventsInput<Name extends OperationName<Events>> = Input<Events, Name>;
export type EventsFail = Fail<Events>;
