/**
 * A page of log events: of all that are offered, in any order, the first or the last ones, as many as a page may hold.
 * Events are in the order of their times, and of their arrival where these are the same; an event's id says both.
 */
import type { LogEvent } from "../../observability/log-store.ts";

/** bytes that AWS counts for an event beside its message */
export const EVENT_OVERHEAD = 26;
export const MOST_EVENTS = 10_000;
/** bytes */
const LARGEST_PAGE = 1024 * 1024;

export interface EventPlace {
  /** Unix ms */
  readonly timestamp: number;
  readonly position: number;
}

const TIMESTAMP_DIGITS = 13;
const ID_DIGITS = 56;

export function eventId({ timestamp, position }: EventPlace): string {
  return (
    String(timestamp).padStart(TIMESTAMP_DIGITS, "0") + String(position).padStart(ID_DIGITS - TIMESTAMP_DIGITS, "0")
  );
}

/** @returns undefined when it is no event's id */
export function placeFrom(id: string): EventPlace | undefined {
  if (id.length !== ID_DIGITS || !/^\d+$/.test(id)) return undefined;
  return { timestamp: Number(id.slice(0, TIMESTAMP_DIGITS)), position: Number(id.slice(TIMESTAMP_DIGITS)) };
}

export function compareEvents(a: EventPlace, b: EventPlace): number {
  return a.timestamp - b.timestamp || a.position - b.position;
}

export interface PageOptions {
  readonly take: "first" | "last";
  readonly limit?: number | undefined;
  /** Only what comes behind it. */
  readonly after?: EventPlace | undefined;
  /** Only what comes before it. */
  readonly before?: EventPlace | undefined;
}

export class EventPage {
  readonly #options: PageOptions;
  readonly #limit: number;
  #events: LogEvent[] = [];
  #bytes = 0;
  /** Something was offered that has no place on this page, or was not even offered. */
  #isCut = false;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#limit = options.limit ?? MOST_EVENTS;
  }

  offer(event: LogEvent): void {
    const { after, before } = this.#options;
    if (after && compareEvents(event, after) <= 0) return;
    if (before && compareEvents(event, before) >= 0) return;
    this.#events.push(event);
    this.#bytes += bytesOf(event);
    if (this.#events.length > 2 * this.#limit || this.#bytes > 4 * LARGEST_PAGE) this.#settle();
  }

  /** The page is full, and nothing of what happened in that time belongs on it. */
  isEnough({ firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number }): boolean {
    const events = this.#settle();
    const isFull = events.length >= this.#limit || (this.#isCut && events.length > 0);
    const isElse =
      this.#options.take === "first" ? firstMs > (events.at(-1)?.timestamp ?? 0) : lastMs < (events[0]?.timestamp ?? 0);
    if (!isFull || !isElse) return false;
    this.#isCut = true;
    return true;
  }

  /** In their order; whether there are, or may be, others that come next. */
  finish(): { readonly events: readonly LogEvent[]; readonly isCut: boolean } {
    return { events: this.#settle(), isCut: this.#isCut };
  }

  #settle(): readonly LogEvent[] {
    const sorted = this.#events.sort(compareEvents);
    const inTurn = this.#options.take === "first" ? sorted : sorted.toReversed();
    let bytes = 0;
    let count = 0;
    for (const event of inTurn) {
      const more = bytes + bytesOf(event);
      if (count === this.#limit || (count > 0 && more > LARGEST_PAGE)) break;
      bytes = more;
      count++;
    }
    this.#isCut ||= count < sorted.length;
    this.#events = this.#options.take === "first" ? sorted.slice(0, count) : sorted.slice(sorted.length - count);
    this.#bytes = bytes;
    return this.#events;
  }
}

export function bytesOf({ message }: Pick<LogEvent, "message">): number {
  return Buffer.byteLength(message) + EVENT_OVERHEAD;
}
