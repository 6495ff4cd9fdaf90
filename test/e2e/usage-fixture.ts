/** What a region has metered, and what the logs of its functions say of it. */
import { RegionClient } from "../../src/cli/client.ts";
import type { UsageReport } from "../../src/invocation/metering/usage-report.ts";
import type { TestRegion } from "../test-region.ts";

/** A period in which all of the tests lie. */
export const ALWAYS = { from: "2020-01-01", to: "2029-12-31" };

function clientOf({ url: endpoint }: TestRegion): RegionClient {
  return new RegionClient({ endpoint, region: "us-east-1", accessKeyId: "test", secretAccessKey: "test" });
}

export function usageOf(region: TestRegion, query: Readonly<Record<string, string>> = {}): Promise<UsageReport> {
  return clientOf(region).json({ method: "GET", path: "/_alonzo/usage", query: { ...ALWAYS, ...query } });
}

/** Of one function; undefined when it was never used. */
export async function functionUsage(region: TestRegion, name: string) {
  return (await usageOf(region)).groups.find(({ function: other }) => other === name);
}

/** Asks until so many requests of the function are metered. */
export async function metered(region: TestRegion, name: string, requests: number) {
  for (;;) {
    const usage = await functionUsage(region, name);
    if (usage && usage.requests >= requests) return usage;
  }
}

/** Of each REPORT line in the function's log, in ms. */
export async function reported(region: TestRegion, name: string): Promise<{ billed: number[]; init: number[] }> {
  const query = { functionName: name };
  const response = await clientOf(region).send({ method: "GET", path: "/_alonzo/logs", query });
  const events = (await response.text()).split("\n").filter((line) => line !== "");
  const reports = events
    .map((line) => (JSON.parse(line) as { message: string }).message)
    .filter((message) => message.startsWith("REPORT"));
  const figures = (name: string) =>
    reports.flatMap((line) => {
      const figure = new RegExp(`\\t${name}: ([\\d.]+) ms`).exec(line)?.[1];
      return figure === undefined ? [] : [Number(figure)];
    });
  return { billed: figures("Billed Duration"), init: figures("Init Duration") };
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
