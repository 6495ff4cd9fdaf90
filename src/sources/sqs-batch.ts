/** One batch of messages on its way through a function: called, called again while it is throttled, and settled. */
import type { Outcome } from "../execution/outcome.ts";
import type { PolledMessage, PolledQueue } from "../invocation/polled-queues.ts";
import { InvokeRefusal } from "../invocation/refusal.ts";
import { backOffMs } from "./back-off.ts";
import type { FunctionCall } from "./function-call.ts";
import { itemFailures } from "./item-failures.ts";
import type { SqsRecord } from "./sqs-record.ts";

export interface SqsBatchOptions {
  readonly records: readonly SqsRecord[];
  /** The function says which of its messages failed. */
  readonly reports: boolean;
  readonly queue: PolledQueue;
  readonly call: FunctionCall;
  /** Ends early when nobody polls any more. */
  readonly pause: (ms: number) => Promise<void>;
  readonly onRefused: (isThrottled: boolean) => void;
  readonly onRan: () => void;
}

export class SqsBatch {
  readonly #options: SqsBatchOptions;
  readonly #messages: readonly PolledMessage[];

  constructor(options: SqsBatchOptions) {
    this.#options = options;
    this.#messages = options.records.map(({ message }) => message);
  }

  /** @returns messages that failed, or were not tried: they stay in the queue, invisible for the time being */
  async run(): Promise<readonly PolledMessage[]> {
    const outcome = await this.#call();
    const failed = outcome ? this.#failedOf(outcome) : this.#messages;
    const done = failed.length === 0 ? this.#messages : this.#messages.filter((message) => !failed.includes(message));
    if (done.length > 0) await this.#options.queue.delete(done);
    return failed;
  }

  /** @returns undefined when the function was not run */
  async #call(): Promise<Outcome | undefined> {
    const { records, queue, call, pause, onRefused, onRan } = this.#options;
    const payload = Buffer.from(`{"Records":[${records.map(({ json }) => json).join(",")}]}`);
    const traceIds = this.#messages.flatMap(({ attributes }) => attributes.AWSTraceHeader ?? []);
    // For half of the time nobody else can get the messages: then they may run that long once more.
    let leftMs = (await queue.visibilityTimeoutMs().catch(() => 0)) / 2;
    for (let refusals = 1; ; refusals++) {
      try {
        const outcome = await call(payload, traceIds);
        onRan();
        return outcome;
      } catch (error) {
        if (!(error instanceof InvokeRefusal)) throw error;
        if (error.code === "RecursiveInvocationException") return undefined;
        onRefused(error.code === "TooManyRequestsException");
        const delayMs = backOffMs(refusals);
        leftMs -= delayMs;
        if (leftMs < 0) return undefined;
        await pause(delayMs);
      }
    }
  }

  #failedOf({ functionError, payload }: Outcome): readonly PolledMessage[] {
    if (functionError !== undefined) return this.#messages;
    if (!this.#options.reports) return [];
    const byId = new Map(this.#messages.map((message) => [message.messageId as unknown, message]));
    const failed = itemFailures(payload, (identifier) => byId.get(identifier));
    return failed === "all" ? this.#messages : [...failed];
  }
}
