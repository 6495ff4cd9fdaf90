/** Those who wait for messages of a queue: the first to come is the first to be served, or leaves when its time is up. */

import type { ReceivedMessage } from "./message.ts";
import type { Taking } from "./message-store.ts";
import type { Queue } from "./queue.ts";

export interface Waiter {
  readonly taking: Taking;
  resolve(messages: ReceivedMessage[]): void;
}

export class WaitingRoom {
  readonly #waiters = new Map<Queue, Set<Waiter>>();

  /**
   * @param waitMs may be infinite
   * @param signal whoever waits is gone
   * @returns nothing when the time is up, or nobody waits any more
   */
  wait(queue: Queue, taking: Taking, waitMs: number, signal: AbortSignal | undefined): Promise<ReceivedMessage[]> {
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(queue) ?? new Set();
      this.#waiters.set(queue, waiters);
      const leave = () => waiter.resolve([]);
      const timer = Number.isFinite(waitMs) ? setTimeout(leave, waitMs) : undefined;
      const waiter: Waiter = {
        taking,
        resolve: (messages) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", leave);
          waiters.delete(waiter);
          if (waiters.size === 0 && this.#waiters.get(queue) === waiters) this.#waiters.delete(queue);
          resolve(messages);
        },
      };
      waiters.add(waiter);
      signal?.addEventListener("abort", leave);
    });
  }

  /** In the order in which they came. Those that left meanwhile are not in it any more. */
  of(queue: Queue): ReadonlySet<Waiter> {
    return this.#waiters.get(queue) ?? NOBODY;
  }

  /** Queues that somebody waits for. */
  queues(): IterableIterator<Queue> {
    return this.#waiters.keys();
  }

  /** Nothing will come of it: the queue is no more, or the region ends. */
  dismiss(queue: Queue): void {
    for (const waiter of [...this.of(queue)]) waiter.resolve([]);
  }
}

const NOBODY: ReadonlySet<Waiter> = new Set();
