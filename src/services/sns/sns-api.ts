/** The types of the SNS API, as the SDK publishes them, and what all of its handlers work with. */
import type { Place } from "../../functions/function-name.ts";
import type { Clock } from "../../state/clock.ts";
import type { Fail } from "../../wire/fail.ts";
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";
import type { Publisher } from "./publisher.ts";
import type { TopicBook } from "./topic-book.ts";

export type Sns = typeof import("@aws-sdk/client-sns");
export type SnsHandlers = Handlers<Sns>;
export type SnsInput<Name extends OperationName<Sns>> = Input<Sns, Name>;
export type SnsFail = Fail<Sns>;

export interface SnsContext {
  readonly book: TopicBook;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly place: Place;
  readonly fail: SnsFail;
}

/** As SNS begins most of its refusals. */
export function invalid(fail: SnsFail, what: string): never {
  return fail("InvalidParameterException", `Invalid parameter: ${what}`);
}
