/** The metering of a region, put together: counters, daily totals on disk, the time of what is provisioned, the report. */
import type { ProvisionedEnvironments } from "../../execution/provisioned-environments.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import { Metering } from "./metering.ts";
import { ProvisionedTime } from "./provisioned-time.ts";
import { type UsageQuery, type UsageReport, usageReport } from "./usage-report.ts";
import { UsageStore } from "./usage-store.ts";

export class RegionMetering {
  readonly meter: Metering;
  readonly #store: UsageStore;
  readonly #clock: Clock;

  private constructor(store: UsageStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.meter = new Metering({ store, clock, log });
  }

  /** @param file path; nobody else has it open. @throws StorageError */
  static async open(file: string, clock: Clock, log: Log): Promise<RegionMetering> {
    return new RegionMetering(await UsageStore.open(file), clock, log);
  }

  /** Meters how long they are provisioned, once that is started. */
  provisionedTime(environments: ProvisionedEnvironments): ProvisionedTime {
    const clock = this.#clock;
    const paid = this.#store.paidBlocks(clock.now());
    return new ProvisionedTime({ environments, metering: this.meter, clock, paid });
  }

  /** Everything counted until now is in it, and on disk. @throws StorageError */
  report(query: UsageQuery): UsageReport {
    this.meter.flush();
    return usageReport(this.#store, query);
  }

  /** Nothing may be counted after. */
  async close(): Promise<void> {
    await this.meter.close();
    await this.#store.close();
  }
}
