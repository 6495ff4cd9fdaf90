/** Delivers records and dead letters: at least once, until the target refuses for good or six hours have passed. */
import type { Place } from "../../functions/function-name.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { Entry, Queue } from "../../state/queue.ts";
import { type Target, TargetRefusal } from "../targets.ts";
import { backOffMs } from "./back-off.ts";
import { isDeliveryLane, type QueuedDelivery } from "./delivery.ts";
import type { EventCounters } from "./event-counters.ts";
import { outgoing } from "./outgoing.ts";
import type { Verdict, Worker } from "./worker.ts";

/** As long as events are kept by default; AWS does not document it. */
const GIVE_UP_AFTER_MS = 6 * 3_600_000;

export interface DeliveryWorkerOptions {
  readonly queue: Queue;
  readonly targets: Target;
  readonly place: Place;
  readonly clock: Clock;
  readonly counters: EventCounters;
  readonly log: Log;
}

export class DeliveryWorker implements Worker {
  readonly width = 16;
  readonly #options: DeliveryWorkerOptions;

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options;
  }

  owns(lane: string): boolean {
    return isDeliveryLane(lane);
  }

  async run(entry: Entry): Promise<Verdict> {
    const { queue, targets, place, clock, counters, log } = this.#options;
    const delivery = JSON.parse(entry.about) as QueuedDelivery;
    const { arn, origin, requestId } = delivery;
    try {
      await targets.deliver(arn, outgoing(delivery, entry.payload, place.accountId, clock.now()));
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof TargetRefusal) && clock.now() < delivery.sinceMs + GIVE_UP_AFTER_MS) {
        const refusals = delivery.refusals + 1;
        const about = JSON.stringify({ ...delivery, refusals });
        await queue.postpone(entry.id, clock.now() + backOffMs(refusals), { about });
        log.warn("a delivery is tried again later", { arn, purpose: origin.purpose, requestId, error: message });
        return "congested";
      }
      await queue.settle(entry.id, {});
      if (origin.purpose === "DeadLetter") counters.deadLetterErrors += 1;
      else counters.destinationDeliveryFailures += 1;
      log.error("a delivery failed", { arn, purpose: origin.purpose, requestId, error: message });
      return "done";
    }
    await queue.settle(entry.id, {});
    counters.delivered += 1;
    return "done";
  }
}
