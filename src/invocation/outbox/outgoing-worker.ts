/**
 * Delivers messages of rules and schedules: at least once, with the retries that the target's settings allow; what cannot
 * be delivered goes to the dead-letter queue, with AWS's attributes.
 */
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Entry, NewEntry, Queue } from "../../state/queue.ts";
import type { Verdict, Worker } from "../async/worker.ts";
import { type Delivery, type MessageAttributes, type Target, TargetRefusal } from "../targets.ts";
import { isOutgoingLane, newOutgoing, type OutgoingMessage } from "./outgoing-message.ts";

/** From 1 s, doubling, up to 8 min: AWS's 185 tries then take its 24 hours. */
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 8 * 60_000;
/** Dead letters themselves are tried as long as a queue keeps messages by default. */
const DEAD_LETTER_RETRIES = { maximumAttempts: 185, maximumAgeSeconds: 24 * 3600 };
const ERROR_MESSAGE_CHARACTERS = 1000;

export interface OutgoingWorkerOptions {
  readonly queue: Queue;
  /** May know more kinds of targets than the region's. */
  readonly send: (message: OutgoingMessage, delivery: Delivery) => Promise<void>;
  readonly targets: Target;
  readonly clock: Clock;
  readonly log: Log;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  /** Trying again does not help. */
  readonly isFinal: boolean;
}

export class OutgoingWorker implements Worker {
  readonly width = 64;
  readonly #options: OutgoingWorkerOptions;

  constructor(options: OutgoingWorkerOptions) {
    this.#options = options;
  }

  owns(lane: string): boolean {
    return isOutgoingLane(lane);
  }

  async run(entry: Entry): Promise<Verdict> {
    const { queue, send } = this.#options;
    const message = JSON.parse(entry.about) as OutgoingMessage;
    try {
      await send(message, deliveryOf(message, entry.payload));
    } catch (error) {
      return await this.#failed(entry, message, failureOf(error));
    }
    await queue.settle(entry.id, {});
    return "done";
  }

  async #failed(entry: Entry, message: OutgoingMessage, failure: Failure): Promise<Verdict> {
    const { queue, clock, log } = this.#options;
    const { arn, retry, sinceMs } = message;
    const failures = message.failures + 1;
    const about = { arn, sender: message.sender.arn, error: failure.message };
    const dueMs = clock.now() + delayMs(failures);
    const exhausted = exhaustedCondition(failures, dueMs - sinceMs, retry);
    if (!failure.isFinal && exhausted === undefined) {
      log.warn("a message is tried again later", about);
      await queue.postpone(entry.id, dueMs, { about: JSON.stringify({ ...message, failures }) });
      return "congested";
    }
    log.error("a message could not be delivered", { ...about, deadLetterArn: message.deadLetter?.arn });
    const put = deadLetterOf(message, entry, failure, failure.isFinal ? undefined : exhausted, clock.now());
    await queue.settle(entry.id, { put });
    return "done";
  }
}

function deliveryOf({ sender, traceId, extras }: OutgoingMessage, body: Buffer): Delivery {
  return { ...extras, body, sender, traceId };
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof TargetRefusal) return { code: error.code, message, isFinal: true };
  return { code: "INTERNAL_ERROR", message, isFinal: false };
}

function exhaustedCondition(failures: number, ageMs: number, retry: RetryLimits): string | undefined {
  if (failures > retry.maximumAttempts) return "MaximumRetryAttempts";
  return ageMs > retry.maximumAgeSeconds * 1000 ? "MaximumEventAgeInSeconds" : undefined;
}

type RetryLimits = OutgoingMessage["retry"];

function deadLetterOf(
  { arn, deadLetter, sender, traceId, failures }: OutgoingMessage,
  entry: Entry,
  failure: Failure,
  exhausted: string | undefined,
  nowMs: number,
): NewEntry[] {
  if (!deadLetter) return [];
  const text = (value: string) => ({ type: "String", value }) as const;
  const attributes: MessageAttributes = {
    ...deadLetter.attributes,
    TARGET_ARN: text(arn),
    ERROR_CODE: text(failure.code),
    ERROR_MESSAGE: text(failure.message.slice(0, ERROR_MESSAGE_CHARACTERS) || failure.code),
    ...(exhausted !== undefined && { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
    RETRY_ATTEMPTS: { type: "Number", value: String(failures) },
  };
  const letter = {
    arn: deadLetter.arn,
    sender,
    traceId,
    extras: { attributes },
    retry: DEAD_LETTER_RETRIES,
    sinceMs: nowMs,
  };
  const body = deadLetter.body === undefined ? entry.payload : Buffer.from(deadLetter.body, "base64");
  return [newOutgoing(letter, body, entry.key)];
}

function delayMs(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20), LONGEST_DELAY_MS);
}
