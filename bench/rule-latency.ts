/**
 * From an event that is put onto a bus to the function of the rule that it matches, and from the tick of a schedule to
 * its function: until the handler starts, one at a time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { deployNode } from "./bench-functions.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

const FUNCTION = "rule-latency";
const ARN = `arn:aws:lambda:us-east-1:000000000000:function:${FUNCTION}`;
/** Schedules, one a second. */
const TICKS = 10;
const PAUSE_MS = 100;

export interface RuleLatencyFigures {
  readonly events: number;
  readonly eventP50Ms: number;
  readonly eventP99Ms: number;
  readonly ticks: number;
  readonly tickP50Ms: number;
  readonly tickMaxMs: number;
}

/** Logs when it was called, in unix ms with fractions: one clock for all processes of the machine. */
const HANDLER = `exports.handler = async (event) => {
  const now = performance.timeOrigin + performance.now();
  console.log("started", event.detail ? event.detail.n : event.n, now);
};`;

export async function measureRuleLatency(region: RegionProcess, events: number): Promise<RuleLatencyFigures> {
  const { endpoint, region: name, accessKeyId, secretAccessKey } = region.target;
  const settings = { endpoint, region: name, credentials: { accessKeyId, secretAccessKey } };
  const bus = new EventBridgeClient(settings);
  const scheduler = new SchedulerClient(settings);
  try {
    await deployNode(region, FUNCTION, HANDLER, "index.handler", 3);
    await region.client.json({
      method: "POST",
      path: `/2015-03-31/functions/${FUNCTION}/policy`,
      body: { StatementId: "e", Action: "lambda:InvokeFunction", Principal: "events.amazonaws.com" },
    });
    await bus.send(new PutRuleCommand({ Name: "latency", EventPattern: '{"source":["bench"]}' }));
    await bus.send(new PutTargetsCommand({ Rule: "latency", Targets: [{ Id: "1", Arn: ARN }] }));
    const sentMs: number[] = [];
    for (let index = 0; index <= events; index++) {
      sentMs.push(performance.timeOrigin + performance.now());
      const Detail = JSON.stringify({ n: `e${index}` });
      await bus.send(new PutEventsCommand({ Entries: [{ Source: "bench", DetailType: "d", Detail }] }));
      // Whoever asked whether it is done would be measured, too.
      await delay(index === 0 ? 2000 : PAUSE_MS);
    }
    const startedMs = await startsOf(region, `e${events}`);
    // The first starts an environment.
    const ofEvents = sentMs.slice(1).map((sent, index) => (startedMs.get(`e${index + 1}`) ?? Number.NaN) - sent);
    const ofTicks = await tickLatencies(region, scheduler);
    return {
      events,
      eventP50Ms: median(ofEvents),
      eventP99Ms: percentile(ofEvents, 0.99),
      ticks: TICKS,
      tickP50Ms: median(ofTicks),
      tickMaxMs: Math.max(...ofTicks),
    };
  } finally {
    bus.destroy();
    scheduler.destroy();
  }
}

async function tickLatencies(region: RegionProcess, scheduler: SchedulerClient): Promise<number[]> {
  const firstMs = Math.ceil(Date.now() / 1000 + 1) * 1000;
  const dues = Array.from({ length: TICKS }, (_, index) => firstMs + index * 1000);
  for (const [index, dueMs] of dues.entries()) {
    await scheduler.send(
      new CreateScheduleCommand({
        Name: `latency-${index}`,
        ScheduleExpression: `at(${new Date(dueMs).toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: { Arn: ARN, RoleArn: "arn:aws:iam::000000000000:role/bench", Input: `{"n":"t${index}"}` },
      }),
    );
  }
  await delay((dues.at(-1) ?? 0) - Date.now());
  const startedMs = await startsOf(region, `t${TICKS - 1}`);
  return dues.map((dueMs, index) => (startedMs.get(`t${index}`) ?? Number.NaN) - dueMs);
}

/** Unix ms by name, when the last has started. */
async function startsOf(region: RegionProcess, last: string): Promise<ReadonlyMap<string, number>> {
  for (;;) {
    const path = "/_alonzo/logs";
    const response = await region.client.send({ method: "GET", path, query: { functionName: FUNCTION } });
    const starts = (await response.text()).matchAll(/started (\w+) ([\d.]+)/g);
    const startedMs = new Map(Array.from(starts, ([, name = "", ms]) => [name, Number(ms)]));
    if (startedMs.has(last)) return startedMs;
    await delay(100);
  }
}
