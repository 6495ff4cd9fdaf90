/**
 * All queues of a region: who sends, receives, deletes, and who waits. Every promise resolves when what it says is on the
 * disk; all changes of one turn of the event loop share one synced commit. In memory are the queues and who waits, never
 * the messages.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../state/clock.ts";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { GroupCommit } from "../../state/group-commit.ts";
import { migrate } from "../../state/migrations.ts";
import { Statements } from "../../state/statements.ts";
import { storageError } from "../../state/storage-error.ts";
import type { NewMessage, ReceivedMessage, SentMessage } from "./message.ts";
import { MessageStore, type Taking, type VisibilityChange } from "./message-store.ts";
import type { MessageCounts, Queue, QueueDefinition } from "./queue.ts";
import { QueueBook } from "./queue-book.ts";
import type { Receipt } from "./receipt-handle.ts";
import { SQS_MIGRATIONS } from "./tables.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** AWS's quota, of standard and FIFO queues. */
const MOST_IN_FLIGHT = 120_000;
const PRUNE_EVERY_MS = 60_000;
/** Messages removed in one commit when a whole queue is emptied. */
const PURGED_AT_ONCE = 1000;
/** setTimeout() takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Receiving extends Taking {
  /** Milliseconds; may be infinite. */
  readonly waitMs: number;
  /** Fires when whoever receives is gone. */
  readonly signal?: AbortSignal;
}

/** There are as many messages in flight as a queue may have. */
export class TooManyInFlight extends Error {
  override readonly name = "TooManyInFlight";
}

export interface QueueEngineOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly arnOf: (queueName: string) => string;
  readonly mostInFlight?: number;
}

export class QueueEngine {
  readonly book: QueueBook;
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #store: MessageStore;
  readonly #clock: Clock;
  readonly #waiting = new WaitingRoom();
  readonly #serving = new Set<Queue>();
  readonly #mostInFlight: number;
  readonly #pruning: NodeJS.Timeout;
  #alarm: NodeJS.Timeout | undefined;
  #alarmMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  private constructor(
    { file, clock, arnOf, mostInFlight = MOST_IN_FLIGHT }: QueueEngineOptions,
    database: DatabaseSync,
  ) {
    const sql = new Statements(database);
    this.#database = database;
    this.#clock = clock;
    this.#mostInFlight = mostInFlight;
    this.book = new QueueBook(sql);
    this.#store = new MessageStore(
      sql,
      ({ rules }) => this.book.find(rules.deadLetters?.queueName ?? ""),
      ({ name }) => arnOf(name),
    );
    this.#commits = new GroupCommit(database, {
      committed: () => this.#committed(),
      failed: (error) => {
        this.#load();
        return storageError(file, error);
      },
    });
    this.#load();
    this.#pruning = setInterval(() => void this.prune().catch(() => {}), PRUNE_EVERY_MS);
    this.#pruning.unref();
  }

  /** @throws StorageError */
  static async open(options: QueueEngineOptions): Promise<QueueEngine> {
    const database = openSqlite(options.file);
    try {
      await migrate(databaseOn(database), "sqs", SQS_MIGRATIONS);
      const engine = new QueueEngine(options, database);
      for (const id of engine.book.orphans()) await engine.#drop(id);
      return engine;
    } catch (error) {
      database.close();
      throw storageError(options.file, error);
    }
  }

  /** Make a queue, unless there is one of the name. */
  create(definition: QueueDefinition): Promise<{ readonly queue: Queue; readonly isNew: boolean }> {
    return this.#commits.run(() => this.book.create(definition));
  }

  /** @param decide throws, or says what the queue becomes */
  async change(queue: Queue, decide: (before: QueueDefinition) => QueueDefinition): Promise<void> {
    const refused = await this.#commits.run(() => {
      if (queue.isDeleted) return undefined;
      let after: QueueDefinition;
      try {
        after = decide(queue.definition);
      } catch (error) {
        // The caller's trouble: nothing is wrong with the commit.
        return { error };
      }
      this.book.change(queue, after);
      this.#store.tally.touched.add(queue);
      return undefined;
    });
    if (refused) throw refused.error;
  }

  /** The queue is gone when this resolves, its messages a little later. */
  async remove(queue: Queue): Promise<void> {
    await this.#commits.run(() => this.book.remove(queue));
    this.#waiting.dismiss(queue);
    void this.#drop(queue.id).catch(() => {});
  }

  send(queue: Queue, messages: readonly NewMessage[]): Promise<SentMessage[]> {
    return this.#commits.run(() => {
      const nowMs = this.#clock.now();
      return messages.map((message) => this.#store.insert(queue, message, nowMs));
    });
  }

  /** @throws TooManyInFlight */
  async receive(queue: Queue, { waitMs, signal, ...taking }: Receiving): Promise<ReceivedMessage[]> {
    const isWaitedFor = this.#waiting.of(queue).size > 0;
    const mayTake = queue.counts.ready > 0 || queue.nextDueMs <= this.#clock.now();
    // Those who have waited are served first.
    if ((mayTake && !isWaitedFor) || taking.attemptId !== undefined) {
      const taken = await this.#commits.run(() => this.#take(queue, taking));
      if (taken.length > 0) return taken;
    }
    if (queue.counts.inFlight >= this.#mostInFlight && !queue.rules.isFifo) throw new TooManyInFlight();
    if (waitMs <= 0 || signal?.aborted || this.#isStopped || queue.isDeleted) return [];
    const waited = this.#waiting.wait(queue, taking, waitMs, signal);
    if (queue.counts.ready > 0) this.#serve(queue);
    this.#setAlarm(queue.nextDueMs);
    return waited;
  }

  /** @returns of each: false when the receipt counts no more */
  delete(queue: Queue, receipts: readonly Receipt[]): Promise<boolean[]> {
    return this.#commits.run(() => {
      const nowMs = this.#clock.now();
      return receipts.map((receipt) => this.#store.delete(queue, receipt, nowMs));
    });
  }

  changeVisibility(
    queue: Queue,
    changes: readonly (Receipt & { readonly timeoutMs: number })[],
  ): Promise<VisibilityChange[]> {
    return this.#commits.run(() => {
      const nowMs = this.#clock.now();
      return changes.map((change) => this.#store.changeVisibility(queue, change, change.timeoutMs, nowMs));
    });
  }

  /** Whatever was sent before is gone when this resolves. */
  async purge(queue: Queue): Promise<void> {
    const lastId = await this.#commits.run(() => {
      this.book.change(queue, { ...queue.definition, lastPurgedMs: this.#clock.now() });
      return this.#store.lastId();
    });
    const some = () => this.#commits.run(() => this.#store.purge(queue, lastId, PURGED_AT_ONCE));
    while ((await some()) === PURGED_AT_ONCE && !queue.isDeleted);
  }

  /** Exactly, as of now. */
  async count(queue: Queue): Promise<MessageCounts> {
    return this.#commits.run(() => {
      const nowMs = this.#clock.now();
      while (queue.nextDueMs <= nowMs) this.#store.settle(queue, nowMs);
      this.#store.settle(queue, nowMs);
      return { ...queue.counts };
    });
  }

  /**
   * Move the oldest messages that are ready, up to a message, to where `targetOf` says: there they are new.
   * @returns how many; undefined when a target is no more
   */
  move(
    source: Queue,
    { lastId, limit, targetOf, renew }: Moving,
  ): Promise<{ readonly moved: number; readonly isTargetGone: boolean }> {
    return this.#commits.run(() => {
      const nowMs = this.#clock.now();
      this.#store.settle(source, nowMs);
      let moved = 0;
      for (const row of this.#store.peek(source, lastId, limit)) {
        const target = targetOf(row.about.deadLetterSourceArn);
        if (!target || target.isDeleted) return { moved, isTargetGone: true };
        const { body, about } = renew({ body: row.body, about: row.about });
        this.#store.remove(source, row);
        this.#store.insertAnyway(target, { body, about, delayMs: 0 }, nowMs);
        moved += 1;
      }
      return { moved, isTargetGone: false };
    });
  }

  /** The last message that any queue has got so far. */
  lastId(): Promise<number> {
    return this.#commits.run(() => this.#store.lastId());
  }

  /** Any other change or reading that is to be part of the commits. */
  run<T>(task: (sql: Statements) => T): Promise<T> {
    return this.#commits.run(() => task(this.book.sql));
  }

  /** Forget what is too old to be remembered or kept. */
  prune(): Promise<void> {
    return this.#commits.run(() => {
      const nowMs = this.#clock.now();
      this.#store.recent.prune(nowMs);
      for (const queue of this.book.all()) this.#store.settle(queue, nowMs);
    });
  }

  /** Whoever waits gets nothing, and nobody waits from now on. */
  stop(): void {
    this.#isStopped = true;
    for (const queue of [...this.#waiting.queues()]) this.#waiting.dismiss(queue);
  }

  close(): void {
    this.stop();
    clearTimeout(this.#alarm);
    clearInterval(this.#pruning);
    this.#commits.close();
    this.#database.close();
  }

  #take(queue: Queue, taking: Taking): ReceivedMessage[] {
    if (queue.isDeleted) return [];
    const nowMs = this.#clock.now();
    this.#store.settle(queue, nowMs);
    const limit = Math.min(taking.limit, this.#mostInFlight - queue.counts.inFlight);
    return limit > 0 ? this.#store.take(queue, { ...taking, limit }, nowMs) : [];
  }

  #committed(): void {
    const { touched } = this.#store.tally;
    for (const queue of touched) {
      if (this.#waiting.of(queue).size === 0) continue;
      if (queue.counts.ready > 0) this.#serve(queue);
      this.#setAlarm(queue.nextDueMs);
    }
    touched.clear();
  }

  /** Those who wait get what there is, in one commit. */
  #serve(queue: Queue): void {
    if (this.#serving.has(queue)) return;
    this.#serving.add(queue);
    void this.#commits
      .run(() => {
        this.#serving.delete(queue);
        const served: (() => void)[] = [];
        for (const waiter of this.#waiting.of(queue)) {
          const messages = this.#take(queue, waiter.taking);
          if (messages.length === 0) break;
          served.push(() => waiter.resolve(messages));
        }
        return served;
      })
      .then((served) => {
        for (const serve of served) serve();
        // Who came while these were served.
        if (served.length > 0 && queue.counts.ready > 0 && this.#waiting.of(queue).size > 0) this.#serve(queue);
        this.#setAlarm(queue.nextDueMs);
      })
      // They go on waiting; the next change of the queue serves them.
      .catch(() => this.#serving.delete(queue));
  }

  /** At the time at which the next message that somebody waits for can be received. */
  #setAlarm(dueMs: number): void {
    if (dueMs >= this.#alarmMs || this.#isStopped) return;
    clearTimeout(this.#alarm);
    this.#alarmMs = dueMs;
    const delayMs = Math.min(Math.max(0, dueMs - this.#clock.now()), LONGEST_TIMER_MS);
    this.#alarm = setTimeout(() => this.#ring(), delayMs);
  }

  #ring(): void {
    this.#alarmMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const queue of this.#waiting.queues()) {
      if (queue.nextDueMs <= nowMs) this.#serve(queue);
      else nextMs = Math.min(nextMs, queue.nextDueMs);
    }
    this.#setAlarm(nextMs);
  }

  #load(): void {
    this.book.load();
    for (const queue of this.book.all()) this.#store.tally.recount(queue);
    this.#store.tally.touched.clear();
  }

  async #drop(queueId: number): Promise<void> {
    const some = () => this.#commits.run(() => this.#store.drop(queueId, PURGED_AT_ONCE));
    while ((await some()) === PURGED_AT_ONCE);
  }
}

export interface Moving {
  readonly lastId: number;
  readonly limit: number;
  /** @param sourceArn the queue that a dead letter came from */
  readonly targetOf: (sourceArn: string | undefined) => Queue | undefined;
  readonly renew: (message: NewMessage) => NewMessage;
}
