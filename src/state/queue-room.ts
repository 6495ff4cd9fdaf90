/**
 * How much the queue may hold, and how much of that one lane: no more than is left for all others. So the first to flood
 * the queue gets half of it, and whoever comes then still finds room.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** bytes of an entry besides its payload, roughly */
const ENTRY_BYTES = 600;

/** @param laneBytes in use by the lane @param freeBytes of the whole queue */
export function hasRoomFor(payloadBytes: number, laneBytes: number, freeBytes: number): boolean {
  return laneBytes + payloadBytes + ENTRY_BYTES <= freeBytes;
}

export class QueueRoom {
  readonly #limit: number;
  readonly #statement: StatementSync;
  /** Bytes in use, by lane; and what the commit that is being made will add. */
  readonly #lanes = new Map<string, number>();
  readonly #changes = new Map<string, number>();
  readonly #untold = new Set<string>();
  #used = 0;

  /** @param limit bytes */
  constructor(database: DatabaseSync, limit: number) {
    this.#limit = limit;
    // Whatever is in it, kept answers and indexes included, and without looking at any of it.
    this.#statement = database.prepare(
      "select (page_count - freelist_count) * page_size as used from pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
    );
    const rows = database
      .prepare(
        "select lane, sum(length(payload)) as bytes, count(*) as entries from entries join payloads using (id) group by lane",
      )
      .all();
    for (const { lane, bytes, entries } of rows) {
      this.#lanes.set(lane as string, (bytes as number) + (entries as number) * ENTRY_BYTES);
      this.#untold.add(lane as string);
    }
    this.committed();
  }

  has(lane: string, payloadBytes: number): boolean {
    return hasRoomFor(payloadBytes, this.#lanes.get(lane) ?? 0, this.#limit - this.#used);
  }

  /** What has changed since this was last asked. */
  takeChanges(): { readonly laneBytes: [lane: string, bytes: number][]; readonly usedBytes: number } {
    const laneBytes = [...this.#untold].map((lane): [string, number] => [lane, this.#lanes.get(lane) ?? 0]);
    this.#untold.clear();
    return { laneBytes, usedBytes: this.#used };
  }

  /** An entry comes, or goes, with the commit that is being made. */
  came(lane: string, payloadBytes: number): void {
    this.#change(lane, payloadBytes + ENTRY_BYTES);
  }

  went(lane: string, payloadBytes: number): void {
    this.#change(lane, -payloadBytes - ENTRY_BYTES);
  }

  committed(): void {
    for (const [lane, change] of this.#changes) {
      const bytes = (this.#lanes.get(lane) ?? 0) + change;
      if (bytes > 0) this.#lanes.set(lane, bytes);
      else this.#lanes.delete(lane);
      this.#untold.add(lane);
    }
    this.#changes.clear();
    this.#used = this.#statement.get()?.used as number;
  }

  /** Nothing came of the commit. */
  failed(): void {
    this.#changes.clear();
  }

  #change(lane: string, bytes: number): void {
    this.#changes.set(lane, (this.#changes.get(lane) ?? 0) + bytes);
  }
}
