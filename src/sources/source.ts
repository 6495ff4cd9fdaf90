/**
 * The contract for a kind of event source: what event-sources.ts needs of it, and what it promises. One file per kind
 * implements it (sqs.ts); what they have in common (slots, batches, filters, results) stands beside it.
 */
import type { EventSourceMapping } from "../functions/event-source-mapping.ts";

export interface Source {
  /**
   * Why events of it cannot be mapped like this, in AWS's words; undefined when they can.
   * @param functionTimeoutMs of the function that is to be invoked
   */
  refusal(mapping: EventSourceMapping, functionTimeoutMs: number): Promise<string | undefined>;
  /**
   * Poll for the mapping, in this configuration, from now on.
   * @param onGone called once, when there is nothing to poll any more: with the reason, for the mapping's owner
   */
  poll(mapping: EventSourceMapping, onGone: (reason: string) => void): Polling;
}

/** What polls for one mapping. */
export interface Polling {
  /** Take nothing more. Resolves when nothing is in hand but what functions are working on. */
  stop(): Promise<void>;
  /** After stop(): resolves when no function works on what was taken. */
  finished(): Promise<void>;
}
