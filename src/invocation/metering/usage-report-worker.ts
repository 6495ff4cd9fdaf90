/** The thread in which one usage report is made (region-metering.ts). */
import { parentPort, workerData } from "node:worker_threads";
import { UsageReader } from "./usage-reader.ts";
import { type UsageQuery, usageReport } from "./usage-report.ts";

export interface UsageReportJob {
  readonly file: string;
  readonly query: UsageQuery;
}

const { file, query } = workerData as UsageReportJob;
const reader = new UsageReader(file);
parentPort?.postMessage(usageReport(reader, query));
reader.close();
