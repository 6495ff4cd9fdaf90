/**
 * The messages of all queues, in SQL. Everything here happens within a commit that the engine makes: nothing waits, and
 * what is counted in memory is counted together with what is written.
 */
import type { Statements } from "../../state/statements.ts";
import {
  type MessageAbout,
  type NewMessage,
  type ReceivedMessage,
  type SentMessage,
  sequenceNumberOf,
} from "./message.ts";
import { MessageGroups } from "./message-groups.ts";
import { MessageTally } from "./message-tally.ts";
import type { Queue } from "./queue.ts";
import { type Receipt, receiptHandle } from "./receipt-handle.ts";
import { RecentRequests } from "./recent-requests.ts";
import { DELAYED, IN_FLIGHT, READY } from "./tables.ts";

/** A message that was received is invisible no longer than this, however often that is prolonged. */
export const LONGEST_VISIBILITY_MS = 12 * 3_600_000;
/** Rows that become visible, or expire, in one commit: what a commit may take of the event loop's time. */
const ROWS_AT_ONCE = 5000;

export interface Taking {
  readonly limit: number;
  readonly visibilityMs: number;
  /** FIFO queues only. */
  readonly attemptId?: string;
}

export type VisibilityChange = "done" | "gone" | "not-in-flight" | "too-long";

interface MessageRow {
  readonly id: number;
  readonly state: number;
  readonly due: number;
  readonly sent: number;
  readonly receives: number;
  readonly first_received: number | null;
  readonly received: number | null;
  readonly fifo_group: string | null;
}

const COLUMNS = "id, state, due, sent, receives, first_received, received, fifo_group";
export class MessageStore {
  readonly recent: RecentRequests;
  readonly tally: MessageTally;
  readonly #sql: Statements;
  readonly #groups: MessageGroups;
  readonly #deadLettersOf: (queue: Queue) => Queue | undefined;
  readonly #arnOf: (queue: Queue) => string;

  constructor(sql: Statements, deadLettersOf: (queue: Queue) => Queue | undefined, arnOf: (queue: Queue) => string) {
    this.#sql = sql;
    this.tally = new MessageTally(sql);
    this.#groups = new MessageGroups(sql);
    this.recent = new RecentRequests(sql);
    this.#deadLettersOf = deadLettersOf;
    this.#arnOf = arnOf;
  }

  insert(queue: Queue, message: NewMessage, nowMs: number): SentMessage {
    const { rules } = queue;
    if (!rules.isFifo) return this.insertAnyway(queue, message, nowMs);
    const { groupId, deduplicationId } = message.about;
    const key = rules.deduplicatesByGroup ? `${groupId}\n${deduplicationId}` : `${deduplicationId}`;
    const known = this.recent.sent(queue.id, key, nowMs);
    if (known) return known;
    const sent = this.insertAnyway(queue, message, nowMs);
    this.recent.rememberSent(queue.id, key, sent, nowMs);
    return sent;
  }

  /** Whether it has come before or not. */
  insertAnyway(queue: Queue, message: NewMessage, nowMs: number): SentMessage {
    const { rules } = queue;
    const { messageId, groupId } = message.about;
    const delayMs = message.delayMs ?? rules.delayMs;
    const state = delayMs > 0 ? DELAYED : READY;
    const group = rules.isFifo ? (groupId ?? "") : null;
    const { lastInsertRowid: id } = this.#sql.run(
      "insert into messages (queue, state, due, sent, fifo_group) values (?, ?, ?, ?, ?)",
      queue.id,
      state,
      nowMs + delayMs,
      nowMs,
      group,
    );
    const about = JSON.stringify(message.about);
    this.#sql.run("insert into contents (id, body, about) values (?, ?, ?)", id, message.body, about);
    this.tally.count(queue, state, 1);
    if (state === DELAYED) queue.nextDueMs = Math.min(queue.nextDueMs, nowMs + delayMs);
    queue.oldestMs = Math.min(queue.oldestMs, nowMs);
    if (group === null) return { messageId };
    this.#groups.changed(queue.id, group, 0);
    return { messageId, sequenceNumber: sequenceNumberOf(id) };
  }

  /** What is ready by now, oldest first; what was received too often goes to the dead letters instead. Settle first. */
  take(queue: Queue, taking: Taking, nowMs: number): ReceivedMessage[] {
    const { attemptId } = taking;
    const again = attemptId === undefined ? undefined : this.#takeAgain(queue, attemptId, taking.visibilityMs, nowMs);
    if (again) return again;
    const rows = queue.rules.isFifo ? this.#takeGroups(queue, taking, nowMs) : this.#takeReady(queue, taking, nowMs);
    const received = rows.map((row) => this.#received(queue, row));
    if (attemptId !== undefined && rows.length > 0) {
      const receipts = rows.map(({ id, receives }) => ({ id, receiveCount: receives }));
      this.recent.rememberAttempt(queue.id, attemptId, receipts, nowMs);
    }
    return received;
  }

  /** @returns false when another receipt of the message, or of FIFO queues the end of its visibility timeout, came first */
  delete(queue: Queue, receipt: Receipt, nowMs: number): boolean {
    this.settle(queue, nowMs);
    const row = this.#row(queue, receipt.id);
    if (!row) return true;
    if (queue.rules.isFifo && row.state !== IN_FLIGHT) return false;
    if (row.receives !== receipt.receiveCount) return !queue.rules.isFifo;
    this.remove(queue, row);
    return true;
  }

  changeVisibility(queue: Queue, receipt: Receipt, timeoutMs: number, nowMs: number): VisibilityChange {
    this.settle(queue, nowMs);
    const row = this.#row(queue, receipt.id);
    if (!row || row.receives !== receipt.receiveCount) return "gone";
    if (row.state !== IN_FLIGHT) return "not-in-flight";
    if (nowMs + timeoutMs > (row.received ?? nowMs) + LONGEST_VISIBILITY_MS) return "too-long";
    this.#sql.run("update messages set due = ? where id = ?", nowMs + timeoutMs, row.id);
    queue.nextDueMs = Math.min(queue.nextDueMs, nowMs + timeoutMs);
    this.tally.touched.add(queue);
    this.settle(queue, nowMs);
    return "done";
  }

  /** What time has changed: delays and visibility timeouts that have ended, messages that are kept no longer. */
  settle(queue: Queue, nowMs: number): void {
    if (queue.nextDueMs <= nowMs) this.#wakeDue(queue, nowMs);
    if (queue.oldestMs + queue.rules.retentionMs <= nowMs) this.#expire(queue, nowMs);
  }

  /** The oldest messages up to an id, removed. @returns how many; fewer than the limit: there are no more */
  purge(queue: Queue, lastId: number, limit: number): number {
    const rows = this.#rows("queue = ? and +id <= ? order by sent limit ?", queue.id, lastId, limit);
    for (const row of rows) this.remove(queue, row);
    return rows.length;
  }

  lastId(): number {
    return (this.#sql.get("select seq from sqlite_sequence where name = 'messages'")?.seq as number | undefined) ?? 0;
  }

  /** Of a queue that is no more. @returns how many; fewer than the limit: there are no more */
  drop(queueId: number, limit: number): number {
    const rows = this.#sql.all("select id from messages where queue = ? limit ?", queueId, limit);
    for (const { id } of rows) {
      this.#sql.run("delete from messages where id = ?", id as number);
      this.#sql.run("delete from contents where id = ?", id as number);
    }
    if (rows.length < limit) {
      this.#sql.run("delete from message_groups where queue = ?", queueId);
      this.recent.drop(queueId);
    }
    return rows.length;
  }

  /** The oldest messages that are ready, for being moved elsewhere. */
  peek(queue: Queue, lastId: number, limit: number): (MessageRow & { body: string; about: MessageAbout })[] {
    const rows = this.#rows("queue = ? and state = 0 and id <= ? order by id limit ?", queue.id, lastId, limit);
    return rows.map((row) => ({ ...row, ...this.#content(row.id) }));
  }

  remove(queue: Queue, { id, state, fifo_group: group }: Pick<MessageRow, "id" | "state" | "fifo_group">): void {
    this.#sql.run("delete from messages where id = ?", id);
    this.#sql.run("delete from contents where id = ?", id);
    this.tally.count(queue, state, -1);
    if (group !== null) this.#groups.changed(queue.id, group, state === IN_FLIGHT ? -1 : 0);
  }

  #takeReady(queue: Queue, { limit, visibilityMs }: Taking, nowMs: number): MessageRow[] {
    const taken: MessageRow[] = [];
    while (taken.length < limit) {
      const rows = this.#rows("queue = ? and state = 0 order by id limit ?", queue.id, limit - taken.length);
      if (rows.length === 0) break;
      for (const row of rows) {
        if (!this.#isDeadLetter(queue, row, nowMs)) taken.push(this.#fly(queue, row, visibilityMs, nowMs));
      }
    }
    return taken;
  }

  #takeGroups(queue: Queue, { limit, visibilityMs }: Taking, nowMs: number): MessageRow[] {
    const taken: MessageRow[] = [];
    while (taken.length < limit) {
      const groups = this.#groups.open(queue.id, limit - taken.length);
      if (groups.length === 0) break;
      for (const group of groups) {
        if (taken.length >= limit) break;
        const room = limit - taken.length;
        const rows = this.#rows("queue = ? and fifo_group = ? order by id limit ?", queue.id, group, room);
        let flying = 0;
        for (const row of rows) {
          if (row.state !== READY) break;
          if (this.#isDeadLetter(queue, row, nowMs)) continue;
          taken.push(this.#fly(queue, row, visibilityMs, nowMs));
          flying += 1;
        }
        this.#groups.changed(queue.id, group, flying);
      }
    }
    return taken;
  }

  /** The same as the attempt got before, if nothing has happened to any of it. */
  #takeAgain(queue: Queue, attemptId: string, visibilityMs: number, nowMs: number): ReceivedMessage[] | undefined {
    const receipts = this.recent.attempt(queue.id, attemptId, nowMs);
    const rows = receipts?.map(({ id }) => this.#row(queue, id));
    const isUntouched = rows?.every(
      (row, index) => row?.state === IN_FLIGHT && row.receives === receipts?.[index]?.receiveCount,
    );
    if (!rows || !isUntouched) return undefined;
    return (rows as MessageRow[]).map((row) => {
      this.#sql.run("update messages set due = ?, received = ? where id = ?", nowMs + visibilityMs, nowMs, row.id);
      queue.nextDueMs = Math.min(queue.nextDueMs, nowMs + visibilityMs);
      this.tally.touched.add(queue);
      return this.#received(queue, row);
    });
  }

  /** @returns the row as it is now */
  #fly(queue: Queue, row: MessageRow, visibilityMs: number, nowMs: number): MessageRow {
    const first = row.first_received ?? nowMs;
    const due = nowMs + visibilityMs;
    const receives = row.receives + 1;
    this.#sql.run(
      "update messages set state = 1, due = ?, receives = ?, first_received = ?, received = ? where id = ?",
      due,
      receives,
      first,
      nowMs,
      row.id,
    );
    this.tally.count(queue, READY, -1);
    this.tally.count(queue, IN_FLIGHT, 1);
    queue.nextDueMs = Math.min(queue.nextDueMs, due);
    return { ...row, state: IN_FLIGHT, due, receives, first_received: first, received: nowMs };
  }

  /** Moves it to the dead letters when it was received too often. Without a queue to move it to it stays. */
  #isDeadLetter(queue: Queue, row: MessageRow, nowMs: number): boolean {
    const most = queue.rules.deadLetters?.maxReceiveCount;
    if (most === undefined || row.receives < most) return false;
    const target = this.#deadLettersOf(queue);
    if (!target || target === queue) return false;
    // FIFO queues begin the retention period anew, standard queues do not (developer guide, dead-letter queues).
    const sent = target.rules.isFifo ? nowMs : row.sent;
    this.#sql.run(
      "update messages set queue = ?, sent = ?, receives = 0, first_received = null, received = null where id = ?",
      target.id,
      sent,
      row.id,
    );
    const about: MessageAbout = { ...this.#content(row.id).about, deadLetterSourceArn: this.#arnOf(queue) };
    this.#sql.run("update contents set about = ? where id = ?", JSON.stringify(about), row.id);
    this.tally.count(queue, READY, -1);
    this.tally.count(target, READY, 1);
    target.oldestMs = Math.min(target.oldestMs, sent);
    if (row.fifo_group !== null) {
      this.#groups.changed(queue.id, row.fifo_group, 0);
      this.#groups.changed(target.id, row.fifo_group, 0);
    }
    return true;
  }

  #wakeDue(queue: Queue, nowMs: number): void {
    const rows = this.#rows("queue = ? and state <> 0 and due <= ? limit ?", queue.id, nowMs, ROWS_AT_ONCE);
    for (const { id, state, fifo_group: group } of rows) {
      this.#sql.run("update messages set state = 0 where id = ?", id);
      this.tally.count(queue, state, -1);
      this.tally.count(queue, READY, 1);
      if (group !== null) this.#groups.changed(queue.id, group, state === IN_FLIGHT ? -1 : 0);
    }
    this.tally.findNextDue(queue);
  }

  #expire(queue: Queue, nowMs: number): void {
    const until = nowMs - queue.rules.retentionMs;
    const rows = this.#rows("queue = ? and sent <= ? order by sent limit ?", queue.id, until, ROWS_AT_ONCE);
    for (const row of rows) this.remove(queue, row);
    this.tally.findOldest(queue);
  }

  #received(queue: Queue, { id, receives, sent, first_received: first }: MessageRow): ReceivedMessage {
    return {
      ...this.#content(id),
      receiptHandle: receiptHandle(queue.definition.secret, { id, receiveCount: receives }),
      sentMs: sent,
      firstReceivedMs: first ?? sent,
      receiveCount: receives,
      ...(queue.rules.isFifo && { sequenceNumber: sequenceNumberOf(id) }),
    };
  }

  #content(id: number): { body: string; about: MessageAbout } {
    const { body, about } = this.#sql.get("select body, about from contents where id = ?", id) ?? {};
    return { body: body as string, about: JSON.parse(about as string) as MessageAbout };
  }

  #row(queue: Queue, id: number): MessageRow | undefined {
    return this.#rows("id = ? and queue = ?", id, queue.id)[0];
  }

  #rows(where: string, ...values: (number | string)[]): MessageRow[] {
    return this.#sql.all(`select ${COLUMNS} from messages where ${where}`, ...values) as unknown as MessageRow[];
  }
}
