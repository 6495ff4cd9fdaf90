/** Which queues there are: in memory, and in their table. Changes happen within commits that the engine makes. */
import type { Statements } from "../../state/statements.ts";
import { Queue, type QueueDefinition } from "./queue.ts";
import { rulesOf } from "./queue-rules.ts";

export class QueueBook {
  readonly sql: Statements;
  readonly #queues = new Map<string, Queue>();

  constructor(sql: Statements) {
    this.sql = sql;
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** By name. */
  all(): Queue[] {
    return [...this.#queues.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  create(definition: QueueDefinition): { readonly queue: Queue; readonly isNew: boolean } {
    const known = this.#queues.get(definition.name);
    if (known) return { queue: known, isNew: false };
    const { lastInsertRowid: id } = this.sql.run(
      "insert into queues (name, about) values (?, ?)",
      definition.name,
      JSON.stringify(definition),
    );
    const queue = new Queue(id, definition, rulesOf(definition.attributes));
    this.#queues.set(definition.name, queue);
    return { queue, isNew: true };
  }

  change(queue: Queue, definition: QueueDefinition): void {
    this.sql.run("update queues set about = ? where id = ?", JSON.stringify(definition), queue.id);
    queue.definition = definition;
    queue.rules = rulesOf(definition.attributes);
  }

  remove(queue: Queue): void {
    this.sql.run("delete from queues where id = ?", queue.id);
    this.#queues.delete(queue.name);
    queue.isDeleted = true;
  }

  /** Read what is on the disk. Queues that are known already stay the same objects. */
  load(): void {
    const known = new Map([...this.#queues.values()].map((queue) => [queue.id, queue]));
    this.#queues.clear();
    for (const { id, about } of this.sql.all("select id, about from queues")) {
      const definition = JSON.parse(about as string) as QueueDefinition;
      const rules = rulesOf(definition.attributes);
      const queue = known.get(id as number) ?? new Queue(id as number, definition, rules);
      Object.assign(queue, { definition, rules, isDeleted: false });
      this.#queues.set(definition.name, queue);
      known.delete(queue.id);
    }
    for (const queue of known.values()) queue.isDeleted = true;
  }

  /** Ids of queues that are no more, but whose messages are. */
  orphans(): number[] {
    // One look at the index for each queue, however many messages it has.
    const text = `with recursive found(queue) as (
      select min(queue) from messages
      union all select (select min(queue) from messages where queue > found.queue) from found where found.queue is not null
    ) select queue from found where queue is not null and queue not in (select id from queues)`;
    return this.sql.all(text).map(({ queue }) => queue as number);
  }
}
