/** The types of the SQS API, as the SDK publishes them, and what all of its handlers work with. */
import type { Place } from "../../functions/function-name.ts";
import type { Clock } from "../../state/clock.ts";
import type { Fail } from "../../wire/fail.ts";
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";
import type { Queue } from "./queue.ts";
import type { QueueEngine } from "./queue-engine.ts";

export type Sqs = typeof import("@aws-sdk/client-sqs");
export type SqsHandlers = Handlers<Sqs>;
export type SqsInput<Name extends OperationName<Sqs>> = Input<Sqs, Name>;
export type SqsFail = Fail<Sqs>;

export interface SqsContext {
  readonly engine: QueueEngine;
  readonly clock: Clock;
  readonly place: Place;
  readonly fail: SqsFail;
}

/** The queue that a URL names. */
export type QueueOf = (url: string | undefined) => Queue;
