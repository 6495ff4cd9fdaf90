/**
 * One attempt of one event: run the function, and write down what follows. Success and giving up leave the queue in the
 * same step in which the records for their destinations enter it.
 */
import type { Outcome } from "../../execution/outcome.ts";
import type { Catalog } from "../../functions/catalog.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Entry, NewEntry, Queue } from "../../state/queue.ts";
import type { Invoker } from "../invoker.ts";
import { extendLineage } from "../lineage.ts";
import { InvokeRefusal } from "../refusal.ts";
import { backOffMs } from "./back-off.ts";
import { newDelivery, type Origin } from "./delivery.ts";
import { deadLetterAttributes, destinationRecord, errorMessageOf } from "./destination-record.ts";
import type { EventCounters } from "./event-counters.ts";
import type { EventRules, EventRulesBook } from "./event-rules.ts";
import {
  type Condition,
  eventOf,
  functionOfLane,
  invocationOf,
  type LastOutcome,
  type QueuedEvent,
} from "./queued-event.ts";
import type { Verdict, Worker } from "./worker.ts";

export interface EventWorkerOptions {
  readonly queue: Queue;
  readonly invoker: Invoker;
  readonly catalog: Catalog;
  readonly rules: EventRulesBook;
  readonly clock: Clock;
  readonly counters: EventCounters;
  readonly log: Log;
  /** ms before the first retry, the second, ... */
  readonly retryDelaysMs: readonly number[];
  /** Events of one function at the same time, at most. */
  readonly width: number;
  /** Is the function's reserved concurrency 0? */
  readonly isSwitchedOff: (functionName: string) => boolean;
}

/** An event that is given up. */
interface GivenUp {
  readonly condition: Condition;
  /** As dead-letter queues are told: 200 when the function failed. */
  readonly errorCode: number;
  readonly errorMessage: string;
  /** What the function answered now; otherwise what it answered last stays. */
  readonly answer?: Buffer;
}

const STATUS: Readonly<Partial<Record<InvokeRefusal["code"], number>>> = {
  ResourceConflictException: 409,
  ResourceNotReadyException: 502,
  ServiceException: 500,
  SnapStartException: 400,
  SnapStartNotReadyException: 409,
  SnapStartTimeoutException: 408,
  TooManyRequestsException: 429,
};

export class EventWorker implements Worker {
  readonly #options: EventWorkerOptions;
  readonly width: number;

  constructor(options: EventWorkerOptions) {
    this.#options = options;
    this.width = options.width;
  }

  owns(lane: string): boolean {
    return functionOfLane(lane) !== undefined;
  }

  async run(entry: Entry): Promise<Verdict> {
    const { clock, invoker, isSwitchedOff, rules: book } = this.#options;
    const event = eventOf(entry.about);
    const rules = await book.of(event.functionName, event.qualifier);
    if (isSwitchedOff(event.functionName)) {
      await this.#giveUp(entry, event, rules, switchedOff());
      return "done";
    }
    if (clock.now() >= event.receivedMs + rules.eventAgeMs) {
      await this.#giveUp(entry, event, rules, tooOld(event, entry.answer));
      return "done";
    }
    let outcome: Outcome;
    try {
      const { functionName, qualifier, creationId } = event;
      outcome = await invoker.invoke({
        functionName,
        qualifier,
        ...(creationId !== undefined && { creationId }),
        invocation: invocationOf(event, entry),
        wantsLogTail: false,
        isQueued: true,
      });
    } catch (error) {
      return this.#refused(entry, event, rules, error);
    }
    const tried: QueuedEvent = { ...event, attempts: event.attempts + 1, refusals: 0, last: lastOutcome(outcome) };
    if (outcome.functionError === undefined) await this.#succeed(entry, tried, rules, outcome);
    else await this.#failed(entry, tried, rules, outcome);
    return "done";
  }

  async #succeed(entry: Entry, event: QueuedEvent, { onSuccess }: EventRules, outcome: Outcome): Promise<void> {
    const put = onSuccess === undefined ? [] : [this.#record(entry, event, "Success", onSuccess, outcome.payload)];
    await this.#options.queue.settle(entry.id, { put });
    this.#options.counters.succeeded += 1;
  }

  async #failed(entry: Entry, event: QueuedEvent, rules: EventRules, outcome: Outcome): Promise<void> {
    const { queue, clock, counters, retryDelaysMs } = this.#options;
    if (event.attempts > rules.retryAttempts) {
      const errorMessage = errorMessageOf(outcome.payload);
      const answer = outcome.payload;
      return this.#giveUp(entry, event, rules, { condition: "RetriesExhausted", errorCode: 200, errorMessage, answer });
    }
    const delayMs = retryDelaysMs[event.attempts - 1] ?? retryDelaysMs.at(-1) ?? 0;
    // Not later than it is too old, so that its destination hears of that in time.
    const dueMs = Math.min(clock.now() + delayMs, event.receivedMs + rules.eventAgeMs);
    await queue.postpone(entry.id, dueMs, { about: JSON.stringify(event), answer: outcome.payload });
    counters.retried += 1;
  }

  /** The function did not run. */
  async #refused(entry: Entry, event: QueuedEvent, rules: EventRules, error: unknown): Promise<Verdict> {
    const { queue, clock, counters, log } = this.#options;
    const code = error instanceof InvokeRefusal ? error.code : undefined;
    if (code === "ResourceNotFoundException" || code === "NoPublishedVersionException") {
      // Without their alias they can be tried as often as one likes.
      await this.#giveUp(entry, event, rules, unrunnable("RetriesExhausted", 404, error));
      return "done";
    }
    if (code === "RecursiveInvocationException") {
      counters.recursive += 1;
      await this.#giveUp(entry, event, rules, unrunnable("RecursiveInvocation", 400, error));
      return "done";
    }
    if (code === undefined) log.error("an event could not be run", { requestId: entry.key, error });
    const refusals = event.refusals + 1;
    const { message: errorMessage } = error as Error;
    const errorCode = (code && STATUS[code]) ?? 500;
    const dueMs = Math.min(clock.now() + backOffMs(refusals), event.receivedMs + rules.eventAgeMs);
    const about = JSON.stringify({ ...event, refusals, errorCode, errorMessage } satisfies QueuedEvent);
    await queue.postpone(entry.id, dueMs, { about });
    counters.refused += 1;
    return code === "TooManyRequestsException" ? "congested" : "done";
  }

  async #giveUp(entry: Entry, event: QueuedEvent, { onFailure }: EventRules, why: GivenUp): Promise<void> {
    const { queue, counters, catalog } = this.#options;
    const { condition, errorCode, errorMessage, answer = entry.answer } = why;
    const latest = await catalog.resolve(event.functionName);
    // Events of a deleted function vanish, whoever has its name by now.
    if (latest?.creationId !== event.creationId || latest === undefined) return queue.settle(entry.id, {});
    const put: NewEntry[] = [];
    if (onFailure !== undefined) put.push(this.#record(entry, event, condition, onFailure, answer));
    // Where its version or alias is gone, the function's own.
    const { deadLetterTargetArn: deadLetters } = (await catalog.resolve(event.functionName, event.qualifier)) ?? latest;
    if (deadLetters !== undefined) {
      const attributes = deadLetterAttributes(entry.key, errorCode, errorMessage);
      put.push(this.#delivery(entry, event, deadLetters, "DeadLetter", entry.payload, attributes));
    }
    const about = JSON.stringify({ ...event, condition, errorCode, errorMessage } satisfies QueuedEvent);
    await queue.settle(entry.id, { put, bury: { about, answer } });
    counters.dropped += 1;
  }

  #record(
    entry: Entry,
    event: QueuedEvent,
    condition: Condition | "Success",
    arn: string,
    answer: Buffer | undefined,
  ): NewEntry {
    const message = destinationRecord({
      event,
      requestId: entry.key,
      payload: entry.payload,
      functionArn: qualifiedArn(event),
      condition,
      last: event.last,
      answer,
      nowMs: this.#options.clock.now(),
    });
    return this.#delivery(entry, event, arn, condition === "Success" ? "OnSuccess" : "OnFailure", message);
  }

  #delivery(
    entry: Entry,
    event: QueuedEvent,
    arn: string,
    purpose: Origin["purpose"],
    message: Buffer,
    attributes = {},
  ): NewEntry {
    const functionArn = qualifiedArn(event);
    const { traceId } = extendLineage(event.traceId, unqualifiedArn(event));
    const origin = { functionArn, purpose, traceId };
    return newDelivery({ arn, attributes, origin, requestId: entry.key }, message, this.#options.clock.now());
  }
}

const unqualifiedArn = ({ invokedFunctionArn }: QueuedEvent): string =>
  invokedFunctionArn.split(":").slice(0, 7).join(":");

const qualifiedArn = (event: QueuedEvent): string => `${unqualifiedArn(event)}:${event.qualifier ?? "$LATEST"}`;

const lastOutcome = ({ executedVersion, functionError }: Outcome): LastOutcome => ({
  executedVersion,
  ...(functionError !== undefined && { functionError }),
});

/** Whatever is known of why it could not run for so long. */
function tooOld(event: QueuedEvent, answer: Buffer | undefined): GivenUp {
  const { errorCode = event.last ? 200 : 429, errorMessage } = event;
  const told = errorMessage ?? (answer && errorMessageOf(answer)) ?? "The event exceeded its maximum age.";
  return { condition: "EventAgeExceeded", errorCode, errorMessage: told };
}

const switchedOff = (): GivenUp => ({
  condition: "ZeroReservedConcurrency",
  errorCode: 429,
  errorMessage: "Rate Exceeded.",
});

const unrunnable = (condition: Condition, errorCode: number, error: unknown): GivenUp => ({
  condition,
  errorCode,
  errorMessage: (error as Error).message,
});
