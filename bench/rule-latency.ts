/**
 * From an event that is put onto a bus to the function of the rule that it matches, and from the tick of a schedule to
 * its function: until the handler starts, one at a time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { HandlerStarts } from "./handler-starts.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

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

export async function measureRuleLatency(region: RegionProcess, events: number): Promise<RuleLatencyFigures> {
  const { endpoint, region: name, accessKeyId, secretAccessKey } = region.target;
  const settings = { endpoint, region: name, credentials: { accessKeyId, secretAccessKey } };
  const bus = new EventBridgeClient(settings);
  const scheduler = new SchedulerClient(settings);
  try {
    const starts = await HandlerStarts.deploy(region, "rule-latency", ["events"]);
    await bus.send(new PutRuleCommand({ Name: "latency", EventPattern: '{"source":["bench"]}' }));
    await bus.send(new PutTargetsCommand({ Rule: "latency", Targets: [{ Id: "1", Arn: starts.arn }] }));
    const ofEvents = await starts.latenciesOf("e", events, (n) => {
      const entry = { Source: "bench", DetailType: "d", Detail: JSON.stringify({ n }) };
      return bus.send(new PutEventsCommand({ Entries: [entry] }));
    });
    const ofTicks = await tickLatencies(starts, scheduler);
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

async function tickLatencies(starts: HandlerStarts, scheduler: SchedulerClient): Promise<number[]> {
  const firstMs = Math.ceil(Date.now() / 1000 + 1) * 1000;
  const dues = Array.from({ length: TICKS }, (_, index) => firstMs + index * 1000);
  for (const [index, dueMs] of dues.entries()) {
    await scheduler.send(
      new CreateScheduleCommand({
        Name: `latency-${index}`,
        ScheduleExpression: `at(${new Date(dueMs).toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: { Arn: starts.arn, RoleArn: "arn:aws:iam::000000000000:role/bench", Input: `{"n":"t${index}"}` },
      }),
    );
  }
  await delay((dues.at(-1) ?? 0) - Date.now());
  const startedMs = await starts.untilStarted(`t${TICKS - 1}`);
  return dues.map((dueMs, index) => (startedMs.get(`t${index}`) ?? Number.NaN) - dueMs);
}
