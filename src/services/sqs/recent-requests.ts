/**
 * What FIFO queues remember of the last five minutes: which messages were sent, so that one that is sent again is not
 * kept twice, and what attempts to receive got, so that one that is made again gets the same. Called within commits only.
 */
import type { Statements } from "../../state/statements.ts";
import type { SentMessage } from "./message.ts";
import type { Receipt } from "./receipt-handle.ts";

/** The deduplication interval of SQS. */
export const REMEMBERED_MS = 5 * 60_000;

export class RecentRequests {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  sent(queueId: number, key: string, nowMs: number): SentMessage | undefined {
    const row = this.#sql.get("select until, sent from duplicates where queue = ? and key = ?", queueId, key);
    return row && (row.until as number) > nowMs ? (JSON.parse(row.sent as string) as SentMessage) : undefined;
  }

  rememberSent(queueId: number, key: string, sent: SentMessage, nowMs: number): void {
    const text = "insert or replace into duplicates (queue, key, until, sent) values (?, ?, ?, ?)";
    this.#sql.run(text, queueId, key, nowMs + REMEMBERED_MS, JSON.stringify(sent));
  }

  attempt(queueId: number, attempt: string, nowMs: number): readonly Receipt[] | undefined {
    const text = "select until, receipts from receive_attempts where queue = ? and attempt = ?";
    const row = this.#sql.get(text, queueId, attempt);
    return row && (row.until as number) > nowMs ? (JSON.parse(row.receipts as string) as Receipt[]) : undefined;
  }

  rememberAttempt(queueId: number, attempt: string, receipts: readonly Receipt[], nowMs: number): void {
    const text = "insert or replace into receive_attempts (queue, attempt, until, receipts) values (?, ?, ?, ?)";
    this.#sql.run(text, queueId, attempt, nowMs + REMEMBERED_MS, JSON.stringify(receipts));
  }

  /** Forget what is older. */
  prune(nowMs: number): void {
    this.#sql.run("delete from duplicates where until <= ?", nowMs);
    this.#sql.run("delete from receive_attempts where until <= ?", nowMs);
  }

  /** Forget everything about a queue. */
  drop(queueId: number): void {
    this.#sql.run("delete from duplicates where queue = ?", queueId);
    this.#sql.run("delete from receive_attempts where queue = ?", queueId);
  }
}
