/**
 * Events on their way to functions, queues, topics and buses. They are written in the change that they tell of, and
 * leave when their receiver has them; what cannot be delivered is tried again for a day, then dropped and logged.
 */
import { backOffMs } from "../../invocation/async/back-off.ts";
import { TargetRefusal, type Targets } from "../../invocation/targets.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Row } from "../../state/statements.ts";
import { bucketArn, MAIL_SUBJECT } from "./object-event.ts";
import type { S3Database } from "./s3-database.ts";

const AT_ONCE = 32;
const LONGEST_MS = 24 * 3_600_000;

export interface OutboxOptions {
  readonly database: S3Database;
  readonly targets: Targets;
  readonly accountId: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #running = new Map<number, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Part of a change. Whoever made it calls deliver() when it is on the disk. */
  add(arn: string, bucket: string, body: object, traceId: string): void {
    const now = this.#options.clock.now();
    this.#options.database.run(
      "insert into outbox (arn, bucket, trace, body, made, due) values (?, ?, ?, ?, ?, ?)",
      arn,
      bucket,
      traceId,
      Buffer.from(JSON.stringify(body)),
      now,
      now,
    );
  }

  start(): void {
    this.#isOpen = true;
    this.deliver();
  }

  /** Begin nothing new. */
  stop(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#running.values());
  }

  /** Send what is due, as many at once as may be; later ones follow by themselves. */
  deliver(): void {
    if (!this.#isOpen) return;
    const { database, clock } = this.#options;
    const now = clock.now();
    const free = AT_ONCE - this.#running.size;
    if (free <= 0) return;
    const due = database.all(
      "select * from outbox where due <= ? order by due, id limit ?",
      now,
      free + this.#running.size,
    );
    for (const row of due) {
      const id = row.id as number;
      if (this.#running.has(id) || this.#running.size >= AT_ONCE) continue;
      const sent = this.#send(row).finally(() => {
        this.#running.delete(id);
        this.deliver();
      });
      this.#running.set(id, sent);
    }
    this.#waitForNext(now);
  }

  #waitForNext(now: number): void {
    clearTimeout(this.#timer);
    const next = this.#options.database.get("select min(due) as due from outbox where due > ?", now)?.due;
    if (typeof next !== "number") return;
    this.#timer = setTimeout(() => this.deliver(), Math.min(next - now, LONGEST_MS));
    this.#timer.unref();
  }

  async #send(row: Row): Promise<void> {
    const { database, targets, accountId, clock, log } = this.#options;
    const id = row.id as number;
    const arn = row.arn as string;
    try {
      await targets.deliver(arn, {
        body: Buffer.from(row.body as Uint8Array),
        subject: MAIL_SUBJECT,
        traceId: row.trace as string,
        sender: { principal: "s3.amazonaws.com", arn: bucketArn(row.bucket as string), accountId },
      });
      await database.change(() => database.run("delete from outbox where id = ?", id));
    } catch (error) {
      const isHopeless = error instanceof TargetRefusal || clock.now() - (row.made as number) > LONGEST_MS;
      const fields = { bucket: row.bucket, arn, error };
      if (isHopeless) log.warn("an S3 event was dropped", fields);
      const tries = (row.tries as number) + 1;
      const due = clock.now() + backOffMs(tries);
      await database
        .change(() =>
          isHopeless
            ? database.run("delete from outbox where id = ?", id)
            : database.run("update outbox set tries = ?, due = ? where id = ?", tries, due, id),
        )
        // A full disk: the row stays as it is, and a restart or the next event finds it.
        .catch((failure) => log.error("the S3 outbox cannot be written", { error: failure }));
    }
  }
}
