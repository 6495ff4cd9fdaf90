/**
 * How many messages each queue has, counted in memory together with each change within a commit, and counted anew when a
 * commit has failed.
 */
import type { Statements } from "../../state/statements.ts";
import type { MessageCounts, Queue } from "./queue.ts";
import { DELAYED, IN_FLIGHT, READY } from "./tables.ts";

const COUNTED: Readonly<Record<number, keyof MessageCounts>> = {
  [READY]: "ready",
  [IN_FLIGHT]: "inFlight",
  [DELAYED]: "delayed",
};

export class MessageTally {
  /** Queues that the commit being made has changed. */
  readonly touched = new Set<Queue>();
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  count(queue: Queue, state: number, change: number): void {
    const name = COUNTED[state];
    if (name) queue.counts[name] += change;
    this.touched.add(queue);
  }

  /** Count what is on the disk. */
  recount(queue: Queue): void {
    const total = this.#sql.get("select count(*) as n from messages where queue = ?", queue.id)?.n as number;
    const text = "select state, count(*) as n from messages where queue = ? and state <> 0 group by state";
    const waiting = new Map(this.#sql.all(text, queue.id).map(({ state, n }) => [state, n as number]));
    queue.counts.inFlight = waiting.get(IN_FLIGHT) ?? 0;
    queue.counts.delayed = waiting.get(DELAYED) ?? 0;
    queue.counts.ready = total - queue.counts.inFlight - queue.counts.delayed;
    this.findNextDue(queue);
    this.findOldest(queue);
  }

  findNextDue(queue: Queue): void {
    const text = "select due from messages where queue = ? and state <> 0 order by due limit 1";
    queue.nextDueMs = (this.#sql.get(text, queue.id)?.due as number | undefined) ?? Number.POSITIVE_INFINITY;
  }

  findOldest(queue: Queue): void {
    const row = this.#sql.get("select sent from messages where queue = ? order by sent limit 1", queue.id);
    queue.oldestMs = (row?.sent as number | undefined) ?? Number.POSITIVE_INFINITY;
  }
}
