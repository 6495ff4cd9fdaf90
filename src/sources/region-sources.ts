/** The event sources that a region polls: its own queues, and those of other places for which there is an endpoint. */
import type { ExternalService } from "../invocation/external/external-service.ts";
import type { PolledQueues } from "../invocation/polled-queues.ts";
import { EventSources, type EventSourcesOptions } from "./event-sources.ts";
import { eitherQueues, externalQueues } from "./external-queues.ts";
import { type SqsSourceOptions, sqsSource } from "./sqs.ts";

export type OnGone = EventSourcesOptions["onGone"];

export interface RegionSourcesOptions extends SqsSourceOptions, Pick<EventSourcesOptions, "onGone"> {
  /** The region's own. */
  readonly queues: PolledQueues;
  /** Another SQS, which has the queues that are not the region's. */
  readonly externalSqs: ExternalService | undefined;
}

export function regionSources({ externalSqs, onGone, ...options }: RegionSourcesOptions): EventSources {
  const others = externalSqs && externalQueues(externalSqs);
  return new EventSources({
    sources: { sqs: sqsSource({ ...options, queues: eitherQueues(options.queues, others) }) },
    onGone,
  });
}
