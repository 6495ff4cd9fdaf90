/** The types of the SNS API, as the SDK publishes them, and what all of its handlers work with. */
import type { Place } from "../../functions/function-name.ts";
import type { Clock } from "../../state/clock.ts";
import type { Handlers, Input, OperationName } from "../../wire/handlers.ts";
import type { Publisher } from "./publisher.ts";
import type { Sns, SnsFail } from "./refusal.ts";
import type { TopicBook } from "./topic-book.ts";

export type SnsHandlers = Handlers<Sns>;
export type SnsInput<Name extends OperationName<Sns>> = Input<Sns, Name>;

export interface SnsContext {
  readonly book: TopicBook;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly place: Place;
  readonly fail: SnsFail;
}
