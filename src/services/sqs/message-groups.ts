/**
 * The message groups of FIFO queues: which of them can be received from. A group is open when its first message is
 * ready and none of it is in flight; so the order within a group holds whoever receives. Called within commits only.
 */
import type { Statements } from "../../state/statements.ts";
import { READY } from "./tables.ts";

export class MessageGroups {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** Names of open groups, that with the oldest message first. */
  open(queueId: number, limit: number): string[] {
    const text = "select name from message_groups where queue = ? and open = 1 order by head limit ?";
    return this.#sql.all(text, queueId, limit).map(({ name }) => name as string);
  }

  /** Something of the group has changed. @param inFlight by how much the number of its messages in flight has */
  changed(queueId: number, name: string, inFlight: number): void {
    const sql = this.#sql;
    const head = sql.get(
      "select id, state from messages where queue = ? and fifo_group = ? order by id limit 1",
      queueId,
      name,
    );
    if (!head) {
      sql.run("delete from message_groups where queue = ? and name = ?", queueId, name);
      return;
    }
    const known = sql.get("select in_flight from message_groups where queue = ? and name = ?", queueId, name);
    const flying = ((known?.in_flight as number | undefined) ?? 0) + inFlight;
    const open = flying === 0 && head.state === READY ? 1 : 0;
    sql.run(
      `insert into message_groups (queue, name, head, in_flight, open) values (?, ?, ?, ?, ?)
       on conflict (queue, name) do update set head = excluded.head, in_flight = excluded.in_flight, open = excluded.open`,
      queueId,
      name,
      head.id as number,
      flying,
      open,
    );
  }
}
