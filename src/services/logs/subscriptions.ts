/**
 * Subscription filters at work: each reads its group from where it stopped, and sends what matches to its function. At
 * least once: how far it has come is written down behind what was delivered, so a crash repeats and loses nothing.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { LambdaTarget } from "../../invocation/lambda-target.ts";
import { TargetRefusal, type Targets } from "../../invocation/targets.ts";
import type { Log } from "../../observability/log.ts";
import type { LogEvent } from "../../observability/log-store.ts";
import { parseFilterPattern } from "./filter-pattern.ts";
import type { FilterRecord } from "./filters-table.ts";
import type { LogsParts, SubscriptionSettings } from "./logs-api.ts";
import { allowedSender, type Batch, dataMessage, traceIdOf } from "./subscription-message.ts";

/** ms */
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
/** As long as CloudWatch Logs tries. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;
/** bytes of messages in one delivery: what a function can be sent, even when it does not compress */
const LARGEST_BATCH = 512 * 1024;

type Filter = FilterRecord<SubscriptionSettings>;

export interface SubscriptionOptions {
  readonly parts: Pick<LogsParts, "place" | "clock" | "store" | "subscriptions">;
  readonly targets: Targets;
  readonly lambda: Pick<LambdaTarget, "allows">;
  readonly log: Log;
}

export class Subscriptions {
  readonly #options: SubscriptionOptions;
  /** By group: those at work, and whether there is more to read than they know of. */
  readonly #running = new Map<string, { promise: Promise<void>; isStale: boolean }>();
  readonly #stopping = new AbortController();

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** Go on where an earlier life stopped. */
  start(): void {
    for (const { logGroup } of this.#options.parts.subscriptions.list()) this.wake(logGroup);
  }

  /** Something was written to the group. */
  wake(logGroup: string): void {
    if (this.#stopping.signal.aborted) return;
    const running = this.#running.get(logGroup);
    if (running) {
      running.isStale = true;
      return;
    }
    if (this.#options.parts.subscriptions.list(logGroup).length === 0) return;
    const next = { promise: Promise.resolve(), isStale: false };
    this.#running.set(logGroup, next);
    next.promise = this.#run(logGroup)
      .catch((error) => this.#options.log.error("subscription filters", { logGroup, error }))
      .finally(() => {
        this.#running.delete(logGroup);
        if (next.isStale) this.wake(logGroup);
      });
  }

  stop(): void {
    this.#stopping.abort();
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all([...this.#running.values()].map(({ promise }) => promise));
  }

  async #run(logGroup: string): Promise<void> {
    const filters = this.#options.parts.subscriptions.list(logGroup);
    await Promise.all(filters.map((filter) => this.#catchUp(filter)));
  }

  async #catchUp(filter: Filter): Promise<void> {
    const { store, subscriptions } = this.#options.parts;
    const { logGroup, name, position } = filter;
    const pattern = parseFilterPattern(filter.settings.filterPattern);
    for await (const events of store.read(logGroup, { after: position })) {
      const matching = events.filter(({ message }) => pattern.matches(message));
      for (const batch of batchesOf(matching)) if (!(await this.#send(filter, batch))) return;
      subscriptions.advance(logGroup, name, events.at(-1)?.position ?? position);
    }
  }

  /** @returns false when it must be done again later: by the next life, or because the filter is another now */
  async #send(filter: Filter, batch: Batch): Promise<boolean> {
    const { log, parts } = this.#options;
    const { logGroup, name } = filter;
    const sinceMs = parts.clock.now();
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS)) {
      if (this.#stopping.signal.aborted || !this.#isCurrent(filter)) return false;
      try {
        await this.#deliver(filter, batch);
        return true;
      } catch (error) {
        const { message } = error as Error;
        if (error instanceof TargetRefusal || parts.clock.now() > sinceMs + GIVE_UP_AFTER_MS) {
          log.error("log events could not be delivered", { logGroup, filter: name, error: message });
          return true;
        }
        log.warn("log events are delivered later", { logGroup, filter: name, error: message });
        await delay(delayMs, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {});
      }
    }
  }

  async #deliver(filter: Filter, batch: Batch): Promise<void> {
    const { targets, lambda, parts } = this.#options;
    const { logGroup, name, settings } = filter;
    const { destinationArn, filterPattern } = settings;
    const sender = await allowedSender({ lambda, targets }, parts.place, logGroup, destinationArn);
    if (!sender) throw new TargetRefusal(`logs.amazonaws.com may not invoke ${destinationArn}`, "NO_PERMISSIONS");
    const pattern = parseFilterPattern(filterPattern);
    const isOfFields = filterPattern.trimStart().startsWith("[");
    const body = await dataMessage(parts.place, { logGroup, name, pattern, isOfFields }, batch);
    await targets.deliver(destinationArn, { body, traceId: traceIdOf(parts.clock.now(), batch.lineage), sender });
  }

  #isCurrent({ logGroup, name, createdMs, settings }: Filter): boolean {
    const current = this.#options.parts.subscriptions.list(logGroup).find((filter) => filter.name === name);
    return current?.createdMs === createdMs && current.settings.destinationArn === settings.destinationArn;
  }
}

/** One stream in each, and one chain of functions: what comes of it carries that on. */
function batchesOf(events: readonly LogEvent[]): Batch[] {
  const batches: { logStream: string; lineage: string | undefined; events: LogEvent[]; bytes: number }[] = [];
  const open = new Map<string, (typeof batches)[number]>();
  for (const event of events) {
    const { logStream, lineage } = event;
    const bytes = Buffer.byteLength(event.message);
    let batch = open.get(logStream);
    if (!batch || batch.lineage !== lineage || batch.bytes + bytes > LARGEST_BATCH) {
      batch = { logStream, lineage, events: [], bytes: 0 };
      batches.push(batch);
      open.set(logStream, batch);
    }
    batch.events.push(event);
    batch.bytes += bytes;
  }
  return batches;
}
