/** All event sources of a region: for each enabled mapping something that polls. Told by management what to poll for. */
import type { EventSourceMapping, SourceKind } from "../functions/event-source-mapping.ts";
import type { Polling, Source } from "./source.ts";

const NAMES: Readonly<Record<SourceKind, string>> = {
  sqs: "Amazon SQS queues",
  kinesis: "Amazon Kinesis streams",
  dynamodb: "Amazon DynamoDB streams",
  msk: "Amazon MSK clusters",
  kafka: "Apache Kafka clusters",
  mq: "Amazon MQ brokers",
  documentdb: "Amazon DocumentDB clusters",
};

export interface EventSourcesOptions {
  /** The kinds that this region polls. */
  readonly sources: Readonly<Partial<Record<SourceKind, Source>>>;
  /** Nothing polls for the mapping any more, and it was not management's wish. */
  readonly onGone: (mapping: EventSourceMapping, reason: string) => void;
}

export class EventSources {
  readonly #options: EventSourcesOptions;
  /** By the mapping's id. */
  readonly #polling = new Map<string, Polling>();
  readonly #finishing = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: EventSourcesOptions) {
    this.#options = options;
  }

  /** Why such a mapping cannot be, or undefined. Of kinds that are not polled nothing is known. */
  async refusal(mapping: EventSourceMapping, functionTimeoutMs: number): Promise<string | undefined> {
    return this.#options.sources[mapping.kind]?.refusal(mapping, functionTimeoutMs);
  }

  async begin(
    mapping: EventSourceMapping,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
    const { sources, onGone } = this.#options;
    await this.end(mapping.id);
    const source = sources[mapping.kind];
    if (!source) return { ok: false, reason: `${NAMES[mapping.kind]} are not polled by this region yet.` };
    // Whatever its function's timeout has become since: only what cannot be polled at all is not.
    const reason = await source.refusal(mapping, 0);
    if (reason !== undefined) return { ok: false, reason };
    if (this.#isStopped) return { ok: true };
    const polling = source.poll(mapping, (why) => {
      if (this.#polling.get(mapping.id) !== polling) return;
      this.#polling.delete(mapping.id);
      onGone(mapping, why);
    });
    this.#polling.set(mapping.id, polling);
    return { ok: true };
  }

  async end(id: string): Promise<void> {
    const polling = this.#polling.get(id);
    if (!polling) return;
    this.#polling.delete(id);
    await this.#end(polling);
  }

  /** Take nothing more, of any source. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#polling.keys()].map((id) => this.end(id)));
  }

  /** Resolves when no function works on anything that was taken. */
  async close(): Promise<void> {
    await this.stop();
    await Promise.all(this.#finishing);
  }

  async #end(polling: Polling): Promise<void> {
    await polling.stop();
    const finishing = polling.finished();
    this.#finishing.add(finishing);
    void finishing.then(() => this.#finishing.delete(finishing));
  }
}
