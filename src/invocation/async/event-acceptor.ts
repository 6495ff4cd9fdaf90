/** Takes asynchronous invocations in: what it has accepted runs, whatever happens to the region. */
import type { Catalog } from "../../functions/catalog.ts";
import type { Clock } from "../../state/clock.ts";
import type { Queue } from "../../state/queue.ts";
import type { Invoker } from "../invoker.ts";
import type { Precedence } from "../precedence.ts";
import { throttled } from "../throttling.ts";
import type { EventCounters } from "./event-counters.ts";
import { type EventRequest, eventLane, newEvent } from "./queued-event.ts";

/** bytes */
export const LARGEST_EVENT_BYTES = 1_048_576;

export interface EventAcceptor {
  /**
   * Resolves when the event is on the disk.
   * @throws InvokeRefusal when there is no such function, it is not ready, or too much waits; StorageError when the disk is full
   */
  accept(request: EventRequest): Promise<void>;
}

export interface AcceptorOptions {
  readonly invoker: Invoker;
  readonly catalog: Catalog;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly counters: EventCounters;
  readonly precedence: Precedence;
}

export class QueueingAcceptor implements EventAcceptor {
  readonly #invoker: Invoker;
  readonly #catalog: Catalog;
  readonly #queue: Queue;
  readonly #clock: Clock;
  readonly #counters: EventCounters;
  readonly #precedence: Precedence;

  constructor(options: AcceptorOptions) {
    this.#invoker = options.invoker;
    this.#catalog = options.catalog;
    this.#queue = options.queue;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#precedence = options.precedence;
  }

  async accept(request: EventRequest): Promise<void> {
    const { functionName, qualifier, invocation } = request;
    this.#precedence.arrived();
    await this.#invoker.check(functionName, qualifier, invocation.tenantId);
    // Like any other rate that is too high: what waits already comes first.
    if (!this.#queue.hasRoom(eventLane(functionName), invocation.payload.length)) {
      throw throttled("FunctionInvocationRateLimitExceeded");
    }
    const latest = await this.#catalog.resolve(functionName);
    await this.#queue.put([newEvent(request, latest?.creationId, this.#clock.now())]);
    this.#counters.received += 1;
  }
}
