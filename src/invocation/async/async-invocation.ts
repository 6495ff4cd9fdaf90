/**
 * Asynchronous invocation as a whole: queue, dispatcher and what they work with, joined. The way in is `events`; events
 * of functions that are deleted vanish, those that were given up are kept for people for a while.
 */
import type { Catalog } from "../../functions/catalog.ts";
import type { Place } from "../../functions/function-name.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Queue } from "../../state/queue.ts";
import type { Invoker } from "../invoker.ts";
import type { Precedence } from "../precedence.ts";
import type { Target } from "../targets.ts";
import { DeliveryWorker } from "./delivery-worker.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type EventAcceptor, QueueingAcceptor } from "./event-acceptor.ts";
import { EventBrowser } from "./event-browser.ts";
import { EventCounters } from "./event-counters.ts";
import { EventRulesBook } from "./event-rules.ts";
import { EventWorker } from "./event-worker.ts";
import { eventLane } from "./queued-event.ts";

/** How long and how many events that were given up are kept: AWS keeps none. */
const KEEP_MS = 14 * 24 * 3_600_000;
const KEEP = { entries: 10_000, bytes: 256 * 1024 * 1024 };
const PRUNE_EVERY_MS = 10 * 60_000;

export interface AsyncInvocationOptions {
  readonly queue: Queue;
  readonly invoker: Invoker;
  readonly catalog: Catalog;
  readonly place: Place;
  readonly clock: Clock;
  readonly log: Log;
  readonly retryDelaysMs: readonly number[];
  /** Events of one function at the same time, at most. */
  readonly concurrency: number;
  /** Is the function's reserved concurrency 0? */
  readonly isSwitchedOff: (functionName: string) => boolean;
  readonly precedence: Precedence;
  /** Where records and dead letters go. */
  readonly targets: Target;
}

export class AsyncInvocation {
  readonly events: EventAcceptor;
  readonly counters = new EventCounters();
  readonly browser: EventBrowser;
  readonly #options: AsyncInvocationOptions;
  readonly #dispatcher: Dispatcher;
  readonly #pruner: NodeJS.Timeout;

  constructor(options: AsyncInvocationOptions) {
    this.#options = options;
    const { catalog, log, concurrency } = options;
    const common = { ...options, counters: this.counters };
    this.events = new QueueingAcceptor(common);
    this.browser = new EventBrowser(options.queue, options.clock);
    const rules = new EventRulesBook(catalog);
    const workers = [new EventWorker({ ...common, rules, width: concurrency }), new DeliveryWorker(common)];
    this.#dispatcher = new Dispatcher({ ...options, workers });
    catalog.onChange((functionName, isDeleted) => {
      if (!isDeleted) return;
      // Asked for at once, so before anything can be accepted for another function of that name. What is left when this
      // is not to be (a crash, a full disk) knows whose it was, and vanishes when it is due.
      const dropped = options.queue.drop(eventLane(functionName));
      dropped.catch((error) => log.error("dropping events", { functionName, error }));
    });
    const prune = () => this.#prune().catch((error) => log.error("forgetting old events", { error }));
    this.#pruner = setInterval(() => void prune(), PRUNE_EVERY_MS);
    this.#pruner.unref();
  }

  /** Go on with what an earlier life of the region has accepted, and with what comes. */
  async start(): Promise<void> {
    await this.#prune();
    this.#dispatcher.wake();
  }

  /** Look for what is due: for tests, whose clock jumps. */
  wake(): void {
    this.#dispatcher.wake();
  }

  /** Nothing runs and nothing is being looked for. */
  get isResting(): boolean {
    return this.#dispatcher.isResting;
  }

  /** Take nothing new out of the queue. */
  stop(): void {
    this.#dispatcher.stop();
  }

  /** The same, and what runs finishes. */
  async close(): Promise<void> {
    clearInterval(this.#pruner);
    await this.#dispatcher.close();
  }

  async #prune(): Promise<void> {
    await this.#options.queue.prune(this.#options.clock.now() - KEEP_MS, KEEP);
  }
}
