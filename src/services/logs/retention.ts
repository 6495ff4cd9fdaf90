/** Deletes what is older than its group keeps, from time to time, and streams of functions of which nothing is left. */
import type { Log } from "../../observability/log.ts";
import { expiryOf } from "./log-groups-table.ts";
import type { LogsParts } from "./logs-api.ts";

const EVERY_MS = 3_600_000;
const GROUPS_AT_ONCE = 100;

type Parts = Pick<LogsParts, "clock" | "store" | "groups" | "streams">;

export class Retention {
  readonly #parts: Parts;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: Parts, log: Log) {
    this.#parts = parts;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => this.#begin(), EVERY_MS);
    this.#timer.unref();
    this.#begin();
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Once through all groups. */
  async run(): Promise<void> {
    const { clock, store, groups, streams } = this.#parts;
    let after = "";
    for (
      let page = groups.list({ limit: GROUPS_AT_ONCE });
      page.length > 0;
      page = groups.list({ after, limit: GROUPS_AT_ONCE })
    ) {
      for (const group of page) {
        if (this.#isStopped) return;
        await store.expire(group.name, expiryOf(group, clock.now()));
        streams.prune(group.name, await store.oldestMs(group.name));
        after = group.name;
      }
    }
  }

  #begin(): void {
    this.#running = this.#running
      .then(() => this.run())
      .catch((error) => this.#log.error("retention of log events", { error }));
  }
}
