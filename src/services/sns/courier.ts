/**
 * Takes what is due and has it sent: a bounded number for each subscription and in all, so that one that does not answer
 * holds up no other. A message group of a FIFO topic goes one by one: the next leaves when the one before has arrived, or
 * was given up. What was under way when the region died is sent again.
 */
import { TargetRefusal } from "../../invocation/targets.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Row } from "../../state/statements.ts";
import type { SnsMessage } from "./message.ts";
import type { Chain } from "./publisher.ts";
import { delayAfterMs } from "./retry-policy.ts";
import type { Sender } from "./sender.ts";
import type { SnsDatabase } from "./sns-database.ts";
import type { Subscription } from "./topic.ts";
import type { TopicBook } from "./topic-book.ts";

/** Deliveries at the same time: to one subscription, and in all. */
const WIDTH = 16;
const MOST_RUNNING = 256;
const LONGEST_SLEEP_MS = 60_000;
/** After a fault of ours, such as a full disk. */
const FAULT_DELAY_MS = 1000;

interface Lane extends Chain {
  readonly key: string;
  /** Rows that are being sent. */
  readonly running: Set<number>;
  /** unix ms; never later than the truth */
  dueMs: number;
}

export interface CourierOptions {
  readonly database: SnsDatabase;
  readonly book: TopicBook;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly log: Log;
}

export class Courier {
  readonly #options: CourierOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isOpen = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Go on with what an earlier life has left. */
  start(): void {
    const { sql } = this.#options.database;
    sql.run("delete from messages where id not in (select message from deliveries)");
    for (const { subscription, chain, due } of sql.all(
      "select subscription, chain, min(due) as due from deliveries group by subscription, chain",
    )) {
      this.#laneOf({ subscriptionId: subscription as number, name: chain as string }).dueMs = due as number;
    }
    this.#isOpen = true;
    this.#wake();
  }

  /** There is something to deliver. */
  came(chains: readonly Chain[]): void {
    for (const chain of chains) this.#laneOf(chain).dueMs = 0;
    this.#wake();
  }

  /** Begin nothing new. */
  stop(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    this.stop();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #laneOf({ subscriptionId, name }: Chain): Lane {
    const key = `${subscriptionId}/${name}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, subscriptionId, name, running: new Set(), dueMs: Number.POSITIVE_INFINITY };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #wake(): void {
    if (this.#isLooking || !this.#isOpen) return;
    this.#isLooking = true;
    // Once for all that happens in this turn.
    setImmediate(() => {
      this.#isLooking = false;
      if (this.#isOpen) this.#look();
    });
  }

  #look(): void {
    clearTimeout(this.#timer);
    const now = this.#options.clock.now();
    let next = now + LONGEST_SLEEP_MS;
    for (const lane of [...this.#lanes.values()]) {
      if (lane.dueMs > now) {
        next = Math.min(next, lane.dueMs);
        continue;
      }
      if (lane.running.size >= widthOf(lane)) continue;
      // Whatever ends looks again; the lanes that had their turn stand behind the others then.
      if (this.#running.size >= MOST_RUNNING) break;
      this.#lanes.delete(lane.key);
      this.#lanes.set(lane.key, lane);
      this.#take(lane, now);
      if (lane.dueMs > now) next = Math.min(next, lane.dueMs);
    }
    this.#timer = setTimeout(() => this.#wake(), next - now);
    this.#timer.unref();
  }

  #take(lane: Lane, now: number): void {
    const limit = widthOf(lane);
    const rows = lane.name === "" ? this.#due(lane, now, limit) : this.#head(lane);
    const ready = rows.filter(({ id, due }) => (due as number) <= now && !lane.running.has(id as number));
    for (const row of ready.slice(0, limit - lane.running.size)) this.#start(lane, row);
    if (lane.running.size < limit) lane.dueMs = this.#nextDue(lane, now, rows);
    if (lane.running.size === 0 && lane.dueMs === Number.POSITIVE_INFINITY) this.#lanes.delete(lane.key);
  }

  #due({ subscriptionId, running }: Lane, now: number, limit: number): Row[] {
    const text = "select * from deliveries where subscription = ? and chain = '' and due <= ? order by due, id limit ?";
    // Those that are being sent are among them.
    return this.#options.database.sql.all(text, subscriptionId, now, limit + running.size);
  }

  #head({ subscriptionId, name }: Lane): Row[] {
    const text = "select * from deliveries where subscription = ? and chain = ? order by id limit 1";
    return this.#options.database.sql.all(text, subscriptionId, name);
  }

  #nextDue(lane: Lane, now: number, rows: readonly Row[]): number {
    if (lane.name !== "") {
      const [head] = rows;
      return head === undefined || lane.running.size > 0 ? Number.POSITIVE_INFINITY : (head.due as number);
    }
    const text = "select min(due) as due from deliveries where subscription = ? and chain = '' and due > ?";
    const due = this.#options.database.sql.get(text, lane.subscriptionId, now)?.due;
    return typeof due === "number" ? due : Number.POSITIVE_INFINITY;
  }

  #start(lane: Lane, row: Row): void {
    const id = row.id as number;
    lane.running.add(id);
    const done = this.#run(row)
      .catch(async (error: unknown) => {
        this.#options.log.error("an SNS delivery could not be settled", { error });
        // Not at once: a disk that is full now is full in the next turn, too.
        await new Promise((resolve) => setTimeout(resolve, this.#isOpen ? FAULT_DELAY_MS : 0));
      })
      .finally(() => {
        lane.running.delete(id);
        this.#running.delete(done);
        lane.dueMs = 0;
        if (!this.#lanes.has(lane.key)) this.#lanes.set(lane.key, lane);
        this.#wake();
      });
    this.#running.add(done);
  }

  async #run(row: Row): Promise<void> {
    const { database, book, sender, clock, log } = this.#options;
    const subscription = book.subscriptionById(row.subscription as number);
    const about = database.sql.get("select about from messages where id = ?", row.message as number)?.about;
    if (subscription === undefined || typeof about !== "string") return this.#settle(row);
    const message = JSON.parse(about) as SnsMessage;
    const isDead = row.is_dead === 1;
    try {
      await sender.send(subscription, message, isDead);
    } catch (error) {
      const tries = (row.tries as number) + 1;
      const policy = sender.retriesOf(subscription, isDead);
      const delayMs = error instanceof TargetRefusal ? undefined : delayAfterMs(policy, tries);
      if (delayMs === undefined) return this.#giveUp(row, subscription, message, error as Error);
      if (tries === 1)
        log.warn("an SNS delivery is tried again later", { to: subscription.definition.endpoint, error });
      const text = "update deliveries set tries = ?, due = ? where id = ?";
      await database.change(() => database.sql.run(text, tries, clock.now() + delayMs, row.id as number));
      return;
    }
    await this.#settle(row);
  }

  /** It goes to the dead-letter queue, if there is one that takes it. */
  async #giveUp(row: Row, { topic, definition }: Subscription, message: SnsMessage, error: Error): Promise<void> {
    const { database, clock, log } = this.#options;
    const about = {
      subscription: definition.arn,
      topic: topic.arn,
      messageId: message.messageId,
      error: error.message,
    };
    const mayDie = row.is_dead === 0 && definition.attributes.RedrivePolicy !== undefined;
    if (!mayDie) {
      log.warn("an SNS message was not delivered and is dropped", about);
      return this.#settle(row);
    }
    log.warn("an SNS message goes to the dead-letter queue", about);
    const text = "update deliveries set is_dead = 1, tries = 0, due = ? where id = ?";
    await database.change(() => database.sql.run(text, clock.now(), row.id as number));
  }

  async #settle(row: Row): Promise<void> {
    const { database } = this.#options;
    await database.change(() => {
      database.sql.run("delete from deliveries where id = ?", row.id as number);
      const text = "delete from messages where id = ?1 and not exists (select 1 from deliveries where message = ?1)";
      database.sql.run(text, row.message as number);
    });
  }
}

const widthOf = ({ name }: Lane): number => (name === "" ? WIDTH : 1);
