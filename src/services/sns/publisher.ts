/**
 * Accepts messages: each is written once, with a delivery for every subscription that its filter policy lets it to, in one
 * commit. What was accepted is on the disk; who delivers hears of it afterwards.
 */
import type { Clock } from "../../state/clock.ts";
import { letsThrough } from "./filter-policy.ts";
import { bodyFor, type SnsMessage } from "./message.ts";
import type { SnsDatabase } from "./sns-database.ts";
import { isPending, type Subscription, type Topic } from "./topic.ts";
import type { TopicBook } from "./topic-book.ts";

/** The deduplication interval of FIFO topics. */
const REMEMBERED_MS = 5 * 60_000;
/** Sequence numbers have 20 digits. */
const FIRST_SEQUENCE = 10n ** 19n;

export interface Published {
  readonly messageId: string;
  readonly sequenceNumber?: string;
}

/** What must stay in order: a message group on its way to one subscription; everything else of it has no order. */
export interface Chain {
  readonly subscriptionId: number;
  readonly name: string;
}

export interface PublisherOptions {
  readonly database: SnsDatabase;
  readonly book: TopicBook;
  readonly clock: Clock;
  /** Called after a commit, with where there is something to deliver now. */
  readonly onAccepted: (chains: readonly Chain[]) => void;
}

export class Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Resolves when all are on the disk. A duplicate is answered as the message that it repeats. */
  async publish(topic: Topic, messages: readonly SnsMessage[]): Promise<Published[]> {
    const chains: Chain[] = [];
    const published = await this.#options.database.change(() =>
      messages.map((message) => this.#accept(topic, message, chains)),
    );
    this.#options.onAccepted(chains);
    return published;
  }

  /** A message for one subscription, within a commit; deliver() is called after it. */
  add(subscription: Subscription, message: SnsMessage): Chain {
    const id = this.#store(message);
    return this.#addDelivery(id, subscription, "");
  }

  deliver(chains: readonly Chain[]): void {
    this.#options.onAccepted(chains);
  }

  /** Forget which messages of FIFO topics were sent, where that is long enough ago. */
  async forget(): Promise<void> {
    const { database, clock } = this.#options;
    await database.change(() => database.sql.run("delete from duplicates where until <= ?", clock.now()));
  }

  #accept(topic: Topic, draft: SnsMessage, chains: Chain[]): Published {
    const known = topic.isFifo ? this.#known(topic, draft) : undefined;
    if (known) return known;
    const message = topic.isFifo ? { ...draft, sequenceNumber: this.#nextSequence(topic) } : draft;
    const receivers = this.#options.book.subscriptions(topic).filter((subscription) => {
      const body = bodyFor(message, subscription.definition.protocol);
      return !isPending(subscription) && letsThrough(subscription.filter, message, body);
    });
    if (receivers.length > 0) {
      const id = this.#store(message);
      const chain = topic.isFifo ? (message.groupId ?? "") : "";
      for (const subscription of receivers) chains.push(this.#addDelivery(id, subscription, chain));
    }
    const { messageId, sequenceNumber } = message;
    const published: Published = { messageId, ...(sequenceNumber !== undefined && { sequenceNumber }) };
    if (topic.isFifo) this.#remember(topic, message, published);
    return published;
  }

  #store(message: SnsMessage): number {
    const text = "insert into messages (about) values (?)";
    return this.#options.database.sql.run(text, JSON.stringify(message)).lastInsertRowid;
  }

  #addDelivery(message: number, { id }: Subscription, chain: string): Chain {
    const { database, clock } = this.#options;
    const now = clock.now();
    const text = "insert into deliveries (message, subscription, chain, due, since) values (?, ?, ?, ?, ?)";
    database.sql.run(text, message, id, chain, now, now);
    return { subscriptionId: id, name: chain };
  }

  #nextSequence(topic: Topic): string {
    const text = "update topics set sequence = sequence + 1 where id = ? returning sequence";
    const sequence = this.#options.database.sql.get(text, topic.id)?.sequence as number;
    return String(FIRST_SEQUENCE + BigInt(sequence));
  }

  #known(topic: Topic, message: SnsMessage): Published | undefined {
    const { database, clock } = this.#options;
    const text = "select until, sent from duplicates where topic = ? and key = ?";
    const row = database.sql.get(text, topic.id, duplicateKey(topic, message));
    return row && (row.until as number) > clock.now() ? (JSON.parse(row.sent as string) as Published) : undefined;
  }

  #remember(topic: Topic, message: SnsMessage, published: Published): void {
    const { database, clock } = this.#options;
    const text = "insert or replace into duplicates (topic, key, until, sent) values (?, ?, ?, ?)";
    const until = clock.now() + REMEMBERED_MS;
    database.sql.run(text, topic.id, duplicateKey(topic, message), until, JSON.stringify(published));
  }
}

function duplicateKey({ definition }: Topic, { groupId, deduplicationId = "" }: SnsMessage): string {
  const isByGroup = definition.attributes.FifoThroughputScope === "MessageGroup";
  return isByGroup ? JSON.stringify([groupId, deduplicationId]) : deduplicationId;
}
