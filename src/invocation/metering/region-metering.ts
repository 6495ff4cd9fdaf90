/** The metering of a region, put together: counters, daily totals on disk, the time of what is provisioned, the report. */
import { Worker } from "node:worker_threads";
import type { ProvisionedEnvironments } from "../../execution/provisioned-environments.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import { Serial } from "../../state/serial.ts";
import { Metering } from "./metering.ts";
import { ProvisionedTime } from "./provisioned-time.ts";
import type { UsageQuery, UsageReport } from "./usage-report.ts";
import type { UsageReportJob } from "./usage-report-worker.ts";
import { UsageStore } from "./usage-store.ts";

export class RegionMetering {
  readonly meter: Metering;
  readonly #file: string;
  readonly #store: UsageStore;
  readonly #clock: Clock;
  readonly #reports = new Serial();

  private constructor(file: string, store: UsageStore, clock: Clock, log: Log) {
    this.#file = file;
    this.#store = store;
    this.#clock = clock;
    this.meter = new Metering({ store, clock, log });
  }

  /** @param file path; nobody else has it open. @throws StorageError */
  static async open(file: string, clock: Clock, log: Log): Promise<RegionMetering> {
    return new RegionMetering(file, await UsageStore.open(file), clock, log);
  }

  /** Meters how long they are provisioned, once that is started. */
  provisionedTime(environments: ProvisionedEnvironments): ProvisionedTime {
    const clock = this.#clock;
    const paid = this.#store.paidBlocks(clock.now());
    return new ProvisionedTime({ environments, metering: this.meter, clock, paid });
  }

  /** Everything counted until now is in it, and on disk. One report at a time. @throws StorageError */
  report(query: UsageQuery): Promise<UsageReport> {
    return this.#reports.run("", async () => {
      this.meter.flush();
      return reportInThread({ file: this.#file, query });
    });
  }

  /** Nothing may be counted after. */
  async close(): Promise<void> {
    await this.meter.close();
    await this.#store.close();
  }
}

function reportInThread(workerData: UsageReportJob): Promise<UsageReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./usage-report-worker.ts", import.meta.url), { workerData });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the thread of the report ended without one")));
  });
}
