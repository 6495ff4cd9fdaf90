/** For tests: a queue in memory that a source polls, and a function that the test plays. */
import type { Outcome } from "../execution/outcome.ts";
import type { EventSourceMapping, MappingSettings } from "../functions/event-source-mapping.ts";
import { type PolledMessage, type PolledQueue, QueueGone } from "../invocation/polled-queues.ts";
import { createLog } from "../observability/log.ts";
import { SqsPolling } from "./sqs-polling.ts";

export interface Batch {
  readonly bodies: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: whatever the event is
  readonly event: any;
  readonly traceIds: readonly string[];
  answer(payload?: string): void;
  fail(): void;
  refuse(error: Error): void;
}

const outcome = (payload: string, functionError?: "Unhandled"): Outcome => ({
  kind: functionError ? "function-error" : "ok",
  payload: Buffer.from(payload),
  ...(functionError && { functionError }),
  executedVersion: "$LATEST",
  logTail: Buffer.alloc(0),
  durationMs: 1,
  billedMs: 1,
  maxMemoryMb: 1,
});

export class TestQueue implements PolledQueue {
  readonly deleted: string[] = [];
  /** Bodies, with the time after which they are visible again. */
  readonly changed: [body: string, timeoutMs: number][] = [];
  /** How long pauses would have been. */
  readonly pauses: number[] = [];
  readonly batches: Batch[] = [];
  isGone = false;
  wasGone = 0;
  visibilityMs = 30_000;
  #messages: PolledMessage[] = [];
  #sent = 0;
  #wake: (() => void)[] = [];

  send(...messages: readonly (string | (Partial<PolledMessage> & { readonly body: string }))[]): void {
    for (const message of messages) {
      const given = typeof message === "string" ? { body: message } : message;
      const messageId = `m${this.#sent++}`;
      this.#messages.push({
        messageId,
        receiptHandle: `r-${messageId}`,
        md5OfBody: "md5",
        attributes: {},
        messageAttributes: {},
        ...given,
      });
    }
    this.#change();
  }

  remove(): void {
    this.isGone = true;
    this.#change();
  }

  async receive(limit: number, signal: AbortSignal): Promise<PolledMessage[]> {
    while (!signal.aborted) {
      if (this.isGone) throw new QueueGone("no queue");
      if (this.#messages.length > 0) return this.#messages.splice(0, limit);
      await this.#changed(signal);
    }
    return [];
  }

  async delete(messages: readonly PolledMessage[]): Promise<void> {
    this.deleted.push(...messages.map(({ body }) => body));
    this.#change();
  }

  async changeVisibility(messages: readonly PolledMessage[], timeoutMs: number): Promise<void> {
    for (const { body } of messages) this.changed.push([body, timeoutMs]);
  }

  async visibilityTimeoutMs(): Promise<number> {
    return this.visibilityMs;
  }

  poll(settings: Partial<MappingSettings> = {}, sourceArn = "arn:aws:sqs:us-east-1:000000000000:q"): SqsPolling {
    const mapping = {
      id: "1",
      kind: "sqs",
      sourceArn,
      functionName: "f",
      settings: { batchSize: 10, ...settings },
    } as EventSourceMapping;
    return new SqsPolling({
      mapping,
      queue: this,
      log: createLog(),
      onGone: () => {
        this.wasGone += 1;
      },
      call: (payload, traceIds) => this.#call(payload, traceIds),
      pauseFor: async (ms) => {
        this.pauses.push(ms);
        await new Promise(setImmediate);
      },
    });
  }

  /** Resolves when it is so. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed(new AbortController().signal);
  }

  /** The next batch that the function got. */
  async batch(index: number): Promise<Batch> {
    await this.until(() => this.batches.length > index);
    return this.batches[index] as Batch;
  }

  /** Everything that is under way without waiting has happened. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  }

  #call(payload: Buffer, traceIds: readonly string[]): Promise<Outcome> {
    const event = JSON.parse(payload.toString("utf8"));
    return new Promise((resolve, reject) => {
      this.batches.push({
        bodies: event.Records.map(({ body }: { body: string }) => body),
        event,
        traceIds,
        answer: (text = "null") => resolve(outcome(text)),
        fail: () => resolve(outcome('{"errorMessage":"no"}', "Unhandled")),
        refuse: reject,
      });
      this.#change();
    });
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
      signal.addEventListener("abort", () => resolve());
    });
  }

  #change(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }
}
