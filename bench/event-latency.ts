/**
 * From a message that is sent to the function that works on it: latency from the send until the handler starts, one
 * message at a time; and what a region costs that has many queues mapped and nothing to do. Other sources of events join
 * this file.
 */
import { setTimeout as delay } from "node:timers/promises";
import { deployNode } from "./bench-functions.ts";
import { cpuTimeUs } from "./process-figures.ts";
import type { RegionProcess } from "./region-process.ts";
import { type SqsClient, sqsClient } from "./sqs-client.ts";
import { median, percentile } from "./statistics.ts";

const MAPPED_QUEUES = 100;
const IDLE_MS = 5000;
const ARN = "arn:aws:sqs:us-east-1:000000000000:";

export interface EventLatencyFigures {
  readonly messages: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mappedQueues: number;
  /** Percent of one core. */
  readonly idlePercent: number;
}

/** Logs when it was called, in unix ms with fractions: one clock for all processes of the machine. */
const HANDLER = `exports.handler = async (event) => {
  const now = performance.timeOrigin + performance.now();
  for (const { body } of event.Records) console.log("started", body, now);
};`;

export async function measureEventLatency(region: RegionProcess, messages: number): Promise<EventLatencyFigures> {
  const sqs = sqsClient(region.target);
  try {
    await deployNode(region, "latency", HANDLER, "index.handler", 3);
    const queues = Array.from({ length: MAPPED_QUEUES }, (_, index) => `latency-${index}`);
    for (const queue of queues) {
      await sqs.call("CreateQueue", { QueueName: queue });
      await map(region, queue);
    }
    await untilAllPolled(region);
    const cpuBefore = cpuTimeUs(region.pid);
    await delay(IDLE_MS);
    const idlePercent = ((cpuTimeUs(region.pid) - cpuBefore) / (IDLE_MS * 1000)) * 100;
    const sentMs: number[] = [];
    for (let index = 0; index <= messages; index++) {
      const QueueUrl = `${region.target.endpoint}/000000000000/${queues[index % MAPPED_QUEUES]}`;
      sentMs.push(performance.timeOrigin + performance.now());
      await sqs.call("SendMessage", { QueueUrl, MessageBody: `${index}` });
      await untilDone(sqs, QueueUrl);
    }
    const startedMs = await startsOf(region);
    // The first starts an environment.
    const latenciesMs = sentMs.slice(1).map((sent, index) => (startedMs.get(index + 1) ?? Number.NaN) - sent);
    return {
      messages,
      p50Ms: median(latenciesMs),
      p99Ms: percentile(latenciesMs, 0.99),
      mappedQueues: MAPPED_QUEUES,
      idlePercent,
    };
  } finally {
    sqs.close();
  }
}

function map(region: RegionProcess, queue: string): Promise<unknown> {
  return region.client.json({
    method: "POST",
    path: "/2015-03-31/event-source-mappings",
    body: { FunctionName: "latency", EventSourceArn: ARN + queue },
  });
}

async function untilAllPolled(region: RegionProcess): Promise<void> {
  for (;;) {
    const { EventSourceMappings: mappings } = await region.client.json<{ EventSourceMappings: { State: string }[] }>({
      method: "GET",
      path: "/2015-03-31/event-source-mappings",
      query: { MaxItems: "100" },
    });
    if (mappings.filter(({ State }) => State === "Enabled").length === MAPPED_QUEUES) return;
    await delay(20);
  }
}

async function untilDone(sqs: SqsClient, QueueUrl: string): Promise<void> {
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  for (;;) {
    const { Attributes: counts = {} } = await sqs.call("GetQueueAttributes", { QueueUrl, AttributeNames });
    if (Object.values(counts as object).every((count) => count === "0")) return;
    await delay(5);
  }
}

/** Unix ms, by the message's number. */
async function startsOf(region: RegionProcess): Promise<ReadonlyMap<number, number>> {
  const response = await region.client.send({
    method: "GET",
    path: "/_alonzo/logs",
    query: { functionName: "latency" },
  });
  const starts = (await response.text()).matchAll(/started (\d+) ([\d.]+)/g);
  return new Map(Array.from(starts, ([, number, ms]) => [Number(number), Number(ms)]));
}
