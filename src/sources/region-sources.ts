/** The event sources that a region polls: its own queues, and those of other places for which there is an endpoint. */
import type { PolledQueues } from "../invocation/polled-queues.ts";
import { EventSources, type EventSourcesOptions } from "./event-sources.ts";
import { externalEndpoints } from "./external-endpoints.ts";
import { eitherQueues, externalQueues } from "./external-queues.ts";
import { type SqsSourceOptions, sqsSource } from "./sqs.ts";

export type OnGone = EventSourcesOptions["onGone"];

export interface RegionSourcesOptions extends SqsSourceOptions, Pick<EventSourcesOptions, "onGone"> {
  /** The region's own. */
  readonly queues: PolledQueues;
  /** As configured. */
  readonly externalEndpoints: string;
}

/** @throws StorageError when the external endpoints cannot be read */
export function regionSources({ externalEndpoints: external, onGone, ...options }: RegionSourcesOptions): EventSources {
  const endpoint = externalEndpoints(external, process.env).get("sqs");
  const others = endpoint && externalQueues(endpoint);
  return new EventSources({
    sources: { sqs: sqsSource({ ...options, queues: eitherQueues(options.queues, others) }) },
    onGone,
    onClosed: () => others?.close(),
  });
}
