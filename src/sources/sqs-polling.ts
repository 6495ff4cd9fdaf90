/**
 * Polls a queue for one mapping. One reader waits for messages, whatever their number: batches that it has read run
 * beside it, as many at the same time as the slots allow. What went well is deleted, what did not stays invisible until
 * its visibility timeout ends.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type EventSourceMapping, isFifo } from "../functions/event-source-mapping.ts";
import { type PolledMessage, type PolledQueue, QueueGone } from "../invocation/polled-queues.ts";
import type { Log } from "../observability/log.ts";
import { backOffMs } from "./back-off.ts";
import { collectBatch, cutBatch } from "./batching.ts";
import { ConcurrencyScale, type ScaleOptions } from "./concurrency-scale.ts";
import { filterOf, type Passes } from "./filter.ts";
import type { FunctionCall } from "./function-call.ts";
import { Slots } from "./slots.ts";
import type { Polling } from "./source.ts";
import { SqsBatch } from "./sqs-batch.ts";
import { type SqsRecord, sqsEventRecord } from "./sqs-record.ts";

/** Messages that a queue gives at once. */
const RECEIVED_AT_ONCE = 10;
/** contract/04 §2 */
const BY_LOAD: ScaleOptions = { first: 5, most: 1250, perMinute: 300 };
const PER_POLLER = 10;
const PROVISIONED_PER_MINUTE = 1000;

export interface SqsPollingOptions {
  readonly mapping: EventSourceMapping;
  readonly queue: PolledQueue;
  readonly call: FunctionCall;
  readonly log: Log;
  readonly onGone: () => void;
  /** For tests: resolves after as many milliseconds, or when the signal fires. */
  readonly pauseFor?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export class SqsPolling implements Polling {
  readonly #options: SqsPollingOptions;
  readonly #arn: string;
  readonly #passes: Passes;
  readonly #slots: Slots;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #reading: Promise<void>;
  readonly #pause: (ms: number) => Promise<void>;
  /** How often in a row the function was not run. */
  #refusals = 0;

  constructor(options: SqsPollingOptions) {
    this.#options = options;
    const { settings, sourceArn = "" } = options.mapping;
    const { pauseFor = pauseForReal } = options;
    this.#arn = sourceArn;
    this.#passes = filterOf(settings.filters, "body");
    this.#slots = new Slots(new ConcurrencyScale(scaleOf(options.mapping)));
    this.#pause = (ms) => pauseFor(ms, this.#closing.signal);
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
  }

  async finished(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #read(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    while (await this.#slots.take(signal)) {
      let batch: SqsRecord[] = [];
      try {
        batch = await this.#collect();
        failures = 0;
      } catch (error) {
        if (error instanceof QueueGone) {
          this.#options.onGone();
          return;
        }
        failures += 1;
        this.#options.log.error("polling a queue", { queue: this.#arn, error });
      }
      if (batch.length === 0) {
        this.#slots.release();
        // Nothing but the end of a long wait, unless it happens again and again.
        if (!signal.aborted) await this.#pause(failures > 0 ? backOffMs(failures) : 10);
      } else if (signal.aborted) {
        this.#slots.release();
        await this.#giveBack(batch);
      } else {
        this.#begin(batch);
        if (this.#refusals > 0) await this.#pause(backOffMs(this.#refusals));
      }
    }
  }

  #collect(): Promise<SqsRecord[]> {
    const { batchSize, maximumBatchingWindowSeconds: seconds = 0 } = this.#options.mapping.settings;
    const wait = (limit: number, signal: AbortSignal) => this.#receive(limit, signal);
    return collectBatch({ wait }, { size: batchSize, windowMs: seconds * 1000 }, this.#closing.signal);
  }

  /** Some that pass the filter; those that do not are deleted. */
  async #receive(limit: number, signal: AbortSignal): Promise<SqsRecord[]> {
    const { queue } = this.#options;
    while (!signal.aborted) {
      const messages = await queue.receive(Math.min(limit, RECEIVED_AT_ONCE), signal);
      if (messages.length === 0) return [];
      const records: SqsRecord[] = [];
      const dropped: PolledMessage[] = [];
      for (const message of messages) {
        const record = sqsEventRecord(message, this.#arn);
        if (this.#passes(record, message.body)) {
          const json = JSON.stringify(record);
          records.push({ message, json, bytes: Buffer.byteLength(json) });
        } else dropped.push(message);
      }
      if (dropped.length > 0) await queue.delete(dropped);
      if (records.length > 0) return records;
    }
    return [];
  }

  #begin(records: readonly SqsRecord[]): void {
    const running = this.#run(records)
      .catch((error) => this.#options.log.error("a batch of messages", { queue: this.#arn, error }))
      .then(() => this.#slots.release());
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  async #run(records: readonly SqsRecord[]): Promise<void> {
    const { mapping, queue, call } = this.#options;
    const heldUp = new Set<string>();
    for (const part of cutBatch(records)) {
      // What is behind a message that failed waits for it.
      const free = part.filter(({ message }) => !heldUp.has(message.attributes.MessageGroupId ?? ""));
      if (free.length === 0) continue;
      const failed = await new SqsBatch({
        records: free,
        reports: mapping.settings.reportsBatchItemFailures === true,
        queue,
        call,
        pause: this.#pause,
        onRefused: (isThrottled) => {
          this.#refusals += 1;
          if (isThrottled) this.#slots.throttled();
        },
        onRan: () => {
          this.#refusals = 0;
        },
      }).run();
      if (!isFifo(this.#arn)) continue;
      for (const { attributes } of failed) heldUp.add(attributes.MessageGroupId ?? "");
    }
  }

  /** Others may have them at once. */
  async #giveBack(records: readonly SqsRecord[]): Promise<void> {
    const messages = records.map(({ message }) => message);
    await this.#options.queue
      .changeVisibility(messages, 0)
      .catch((error) => this.#options.log.error("giving messages back", { queue: this.#arn, error }));
  }
}

function scaleOf({ settings: { maximumConcurrency, pollers } }: EventSourceMapping): ScaleOptions {
  if (pollers) {
    return {
      first: pollers.minimum * PER_POLLER,
      most: pollers.maximum * PER_POLLER,
      perMinute: PROVISIONED_PER_MINUTE,
    };
  }
  return { ...BY_LOAD, most: maximumConcurrency ?? BY_LOAD.most };
}

async function pauseForReal(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
