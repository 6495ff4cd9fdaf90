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
    const latenciesMs: number[] = [];
    for (let index = 0; index <= events; index++) {
      const sentMs = performance.timeOrigin + performance.now();
      const Detail = JSON.stringify({ n: `e${index}` });
      await bus.send(new PutEventsCommand({ Entries: [{ Source: "bench", DetailType: "d", Detail }] }));
      latenciesMs.push((await startOf(region, `e${index}`)) - sentMs);
    }
    // The first starts an environment.
    const ofEvents = latenciesMs.slice(1);
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
  const latenciesMs: number[] = [];
  for (const [index, dueMs] of dues.entries()) latenciesMs.push((await startOf(region, `t${index}`)) - dueMs);
  return latenciesMs;
}

/** Unix ms, when the handler has logged it. */
async function startOf(region: RegionProcess, number: string): Promise<number> {
  for (;;) {
    const response = await region.client.send({
      method: "GET",
      path: "/_alonzo/logs",
      query: { functionName: FUNCTION },
    });
    const [, ms] = new RegExp(`started ${number} ([\\d.]+)`).exec(await response.text()) ?? [];
    if (ms !== undefined) return Number(ms);
    await delay(20);
  }
}
