/** Which topics and subscriptions there are: all in memory, and in their tables. Changes are made within commits. */
import type { Place } from "../../functions/function-name.ts";
import { filterPolicyOf } from "./filter-policy.ts";
import type { SnsDatabase } from "./sns-database.ts";
import {
  isPending,
  type Subscription,
  type SubscriptionDefinition,
  type Topic,
  type TopicDefinition,
  topicArn,
} from "./topic.ts";

/** Tokens are good for two days (ConfirmSubscription's reference). */
const CONFIRM_WITHIN_MS = 2 * 86_400_000;

export class TopicBook {
  readonly #database: SnsDatabase;
  readonly #place: Place;
  readonly #topics = new Map<string, Topic>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #ofTopic = new Map<Topic, Map<number, Subscription>>();
  readonly #byId = new Map<number, Subscription>();

  constructor(database: SnsDatabase, place: Place) {
    this.#database = database;
    this.#place = place;
    this.load();
  }

  /** By name. */
  topics(): Topic[] {
    return [...this.#topics.values()].sort((a, b) => (a.arn < b.arn ? -1 : 1));
  }

  topic(arn: string): Topic | undefined {
    return this.#topics.get(arn);
  }

  /** Oldest first. */
  subscriptions(topic?: Topic): Subscription[] {
    return [...(topic === undefined ? this.#byId : (this.#ofTopic.get(topic) ?? new Map())).values()];
  }

  subscription(arn: string): Subscription | undefined {
    return this.#subscriptions.get(arn);
  }

  subscriptionById(id: number): Subscription | undefined {
    return this.#byId.get(id);
  }

  createTopic(definition: TopicDefinition): Promise<Topic> {
    return this.#database.change(() => {
      const known = this.#topics.get(topicArn(this.#place, definition.name));
      if (known) return known;
      const text = "insert into topics (name, about) values (?, ?)";
      const { lastInsertRowid } = this.#database.sql.run(text, definition.name, JSON.stringify(definition));
      return this.#addTopic(lastInsertRowid, definition);
    });
  }

  changeTopic(topic: Topic, change: (before: TopicDefinition) => TopicDefinition): Promise<void> {
    return this.#database.change(() => {
      const definition = change(topic.definition);
      const text = "update topics set about = ? where id = ?";
      this.#database.sql.run(text, JSON.stringify(definition), topic.id);
      topic.definition = definition;
    });
  }

  /** With its subscriptions, and what was on its way to them. */
  deleteTopic(topic: Topic): Promise<void> {
    return this.#database.change(() => {
      for (const subscription of this.subscriptions(topic)) this.#remove(subscription);
      this.#removeOrphans();
      this.#database.sql.run("delete from duplicates where topic = ?", topic.id);
      this.#database.sql.run("delete from topics where id = ?", topic.id);
      this.#topics.delete(topic.arn);
      this.#ofTopic.delete(topic);
    });
  }

  /** @param also what is to be in the same commit */
  createSubscription(
    topic: Topic,
    definition: SubscriptionDefinition,
    also?: (subscription: Subscription) => void,
  ): Promise<Subscription> {
    return this.#database.change(() => {
      const text = "insert into subscriptions (topic, about) values (?, ?)";
      const { lastInsertRowid } = this.#database.sql.run(text, topic.id, JSON.stringify(definition));
      const subscription = this.#addSubscription(lastInsertRowid, topic, definition);
      also?.(subscription);
      return subscription;
    });
  }

  changeSubscription(
    subscription: Subscription,
    change: (before: SubscriptionDefinition) => SubscriptionDefinition,
  ): Promise<void> {
    return this.#database.change(() => {
      const definition = change(subscription.definition);
      const text = "update subscriptions set about = ? where id = ?";
      this.#database.sql.run(text, JSON.stringify(definition), subscription.id);
      subscription.definition = definition;
      subscription.filter = filterPolicyOf(definition.attributes);
    });
  }

  deleteSubscription(subscription: Subscription): Promise<void> {
    return this.#database.change(() => {
      const { topic } = subscription;
      this.#remove(subscription);
      this.#removeOrphans();
      const subscriptionsDeleted = topic.definition.subscriptionsDeleted + 1;
      topic.definition = { ...topic.definition, subscriptionsDeleted };
      const text = "update topics set about = ? where id = ?";
      this.#database.sql.run(text, JSON.stringify(topic.definition), topic.id);
    });
  }

  /** Forget subscriptions that were not confirmed in time. @param nowMs unix ms */
  async dropUnconfirmed(nowMs: number): Promise<void> {
    const late = [...this.#byId.values()].filter(
      (one) => isPending(one) && one.definition.createdMs + CONFIRM_WITHIN_MS <= nowMs,
    );
    if (late.length === 0) return;
    await this.#database.change(() => {
      for (const one of late) this.#remove(one);
      this.#removeOrphans();
    });
  }

  /** Read everything anew: at start, and after a commit that came to nothing. */
  load(): void {
    for (const map of [this.#topics, this.#subscriptions, this.#ofTopic, this.#byId]) map.clear();
    const byId = new Map<number, Topic>();
    for (const { id, about } of this.#database.sql.all("select id, about from topics")) {
      byId.set(id as number, this.#addTopic(id as number, JSON.parse(about as string)));
    }
    for (const { id, topic, about } of this.#database.sql.all("select * from subscriptions order by id")) {
      const owner = byId.get(topic as number);
      if (owner) this.#addSubscription(id as number, owner, JSON.parse(about as string));
    }
  }

  #addTopic(id: number, definition: TopicDefinition): Topic {
    const arn = topicArn(this.#place, definition.name);
    const topic: Topic = { id, arn, isFifo: definition.attributes.FifoTopic === "true", definition };
    this.#topics.set(arn, topic);
    this.#ofTopic.set(topic, new Map());
    return topic;
  }

  #addSubscription(id: number, topic: Topic, definition: SubscriptionDefinition): Subscription {
    const filter = filterPolicyOf(definition.attributes);
    const subscription: Subscription = { id, topic, definition, filter };
    this.#subscriptions.set(definition.arn, subscription);
    this.#ofTopic.get(topic)?.set(id, subscription);
    this.#byId.set(id, subscription);
    return subscription;
  }

  #remove(subscription: Subscription): void {
    const { id, topic, definition } = subscription;
    this.#database.sql.run("delete from deliveries where subscription = ?", id);
    this.#database.sql.run("delete from subscriptions where id = ?", id);
    this.#subscriptions.delete(definition.arn);
    this.#ofTopic.get(topic)?.delete(id);
    this.#byId.delete(id);
  }

  /** Messages that were on their way to nobody else. */
  #removeOrphans(): void {
    const text =
      "delete from messages where not exists (select 1 from deliveries where deliveries.message = messages.id)";
    this.#database.sql.run(text);
  }
}
