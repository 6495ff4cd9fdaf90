/** The queue as people see it: what waits, what was given up and why; and to try such events anew or forget them. */
import type { Clock } from "../../state/clock.ts";
import type { ListedEntry, Queue, Selection } from "../../state/queue.ts";
import type { QueuedDelivery } from "./delivery.ts";
import { eventLane, eventOf, functionOfLane, renewed } from "./queued-event.ts";

export interface ListedEvent {
  /** The request id; of a record on its way, with what it is for before it. */
  readonly id: string;
  readonly functionName: string;
  readonly qualifier?: string;
  readonly state: "waiting" | "running" | "failed" | "delivering";
  /** ISO 8601 */
  readonly receivedAt: string;
  /** When it is due, or while it runs when it is due again if it is not heard of. */
  readonly dueAt?: string;
  readonly failedAt?: string;
  /** How often the function ran. */
  readonly attempts: number;
  readonly condition?: string;
  readonly errorMessage?: string;
  /** Of a record on its way: the ARN that it goes to. */
  readonly target?: string;
  readonly payloadBytes: number;
}

export interface ShownEvent extends ListedEvent {
  readonly payload: string;
  /** What the function answered last. */
  readonly answer?: string;
}

export interface EventPage {
  readonly events: readonly ListedEvent[];
  /** Where the next page begins. */
  readonly below?: number;
}

/** All events of a function that were given up, or one event. */
export type Chosen = { readonly functionName: string } | { readonly id: string };

export class EventBrowser {
  readonly #queue: Queue;
  readonly #clock: Clock;

  constructor(queue: Queue, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  /** Newest first. */
  async list(
    filter: { readonly functionName?: string | undefined; readonly failed: boolean },
    page: { readonly below?: number | undefined; readonly limit: number },
  ): Promise<EventPage> {
    const lane = filter.functionName === undefined ? undefined : eventLane(filter.functionName);
    const selection: Selection = { lane, ...(filter.failed && { buried: true }) };
    const entries = await this.#queue.list(selection, { ...page, limit: page.limit + 1 });
    const shown = entries.slice(0, page.limit);
    const last = shown.at(-1);
    return { events: shown.map(listed), ...(entries.length > page.limit && last && { below: last.id }) };
  }

  async find(id: string): Promise<ShownEvent | undefined> {
    const entry = await this.#queue.find(id);
    if (!entry) return undefined;
    const { payload, answer } = entry;
    return { ...listed(entry), payload: payload.toString(), ...(answer && { answer: answer.toString() }) };
  }

  /** Try anew what was given up, as if it had just come. @returns how many */
  async redrive(chosen: Chosen): Promise<number> {
    const buried = await this.#queue.buried(selectionOf(chosen));
    return this.#queue.revive(buried.map(({ id, about }) => ({ id, about: renewed(about, this.#clock.now()) })));
  }

  /** Forget what was given up, or one event in any state. @returns how many */
  drop(chosen: Chosen): Promise<number> {
    const selection = selectionOf(chosen);
    return this.#queue.remove("key" in selection ? selection : { ...selection, buried: true });
  }
}

const selectionOf = (chosen: Chosen): { lane: string } | { key: string } =>
  "id" in chosen ? { key: chosen.id } : { lane: eventLane(chosen.functionName) };

const iso = (ms: number): string => new Date(ms).toISOString();

function listed(entry: ListedEntry): ListedEvent {
  const { key: id, payloadBytes, dueMs, buriedMs } = entry;
  const times = {
    ...(dueMs !== undefined && { dueAt: iso(dueMs) }),
    ...(buriedMs !== undefined && { failedAt: iso(buriedMs) }),
  };
  if (functionOfLane(entry.lane) === undefined) {
    const { origin, sinceMs, arn: target } = JSON.parse(entry.about) as QueuedDelivery;
    const functionName = origin.functionArn.split(":")[6] ?? "";
    return {
      id,
      functionName,
      state: "delivering",
      receivedAt: iso(sinceMs),
      ...times,
      attempts: 0,
      target,
      payloadBytes,
    };
  }
  const { functionName, qualifier, receivedMs, attempts, condition, errorMessage } = eventOf(entry.about);
  return {
    id,
    functionName,
    ...(qualifier !== undefined && { qualifier }),
    state: buriedMs !== undefined ? "failed" : entry.isClaimed ? "running" : "waiting",
    receivedAt: iso(receivedMs),
    ...times,
    attempts,
    ...(condition !== undefined && { condition }),
    ...(errorMessage !== undefined && { errorMessage }),
    payloadBytes,
  };
}
