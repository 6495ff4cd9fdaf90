/**
 * May this invocation run now? Counts the account's concurrent executions, exactly: every admit() that answers true is
 * followed by one leave(), whatever becomes of the invocation. Reserved pools and rates join here.
 */
import { InvokeRefusal } from "./refusal.ts";

export class Admission {
  readonly #limit: number;
  #running = 0;

  /** @param limit concurrent executions of the account */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws InvokeRefusal 429 when the account's concurrency is used up */
  enter(): void {
    if (this.#running >= this.#limit) throw throttled();
    this.#running++;
  }

  leave(): void {
    this.#running--;
  }
}

export function throttled(): InvokeRefusal {
  return new InvokeRefusal("TooManyRequestsException", "Rate Exceeded.", {
    Reason: "ConcurrentInvocationLimitExceeded",
    Type: "User",
  });
}
