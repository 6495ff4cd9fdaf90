/** How the figures of queues and event sources are told, and the bars that they are held to. */
import type { ApiOverhead } from "./api-overhead.ts";
import type { EventLatencyFigures } from "./event-latency.ts";
import type { NoticeLatency } from "./notice-latency.ts";
import { ms, type Section, whole } from "./report.ts";
import type { RuleLatencyFigures } from "./rule-latency.ts";
import type { SqsRateFigures } from "./sqs-rate.ts";

export function sqsSection(figures: readonly SqsRateFigures[]): Section {
  return {
    title:
      "SQS (1 KB messages, each sent, received and deleted, on the disk before each answer; load on the same cores)",
    table: [
      ["", "messages/s", "host CPU µs a message"],
      ...figures.map(({ batch, messagesPerSecond, cpuUsPerMessage }) => [
        batch === 1 ? "one by one" : `in batches of ${batch}`,
        whole(messagesPerSecond),
        whole(cpuUsPerMessage),
      ]),
    ],
    rows: figures.map(({ batch, messagesPerSecond }) => ({
      what: batch === 1 ? "SQS, one by one" : `SQS, in batches of ${batch}`,
      measured: messagesPerSecond,
      unit: "/s",
      ...(batch > 1 && { bar: { atLeast: 5000 } }),
    })),
  };
}

export function eventLatencySection({
  messages,
  p50Ms,
  p99Ms,
  mappedQueues,
  idlePercent,
}: EventLatencyFigures): Section {
  return {
    title: "Events (from the send until the handler starts, one at a time)",
    table: [
      ["SQS", `${messages} messages`, `p50 ${ms(p50Ms)}`, `p99 ${ms(p99Ms)}`],
      [`idle, ${mappedQueues} queues mapped`, `${idlePercent.toFixed(2)}% of one core`],
    ],
    rows: [
      { what: "SQS: send until handler, p50", measured: p50Ms, unit: "ms", bar: { below: 20 } },
      { what: "idle region with many queues mapped, of one core", measured: idlePercent, unit: "%", bar: { below: 3 } },
    ],
  };
}

export function ruleLatencySection(figures: RuleLatencyFigures): Section {
  const { events, eventP50Ms, eventP99Ms, ticks, tickP50Ms, tickMaxMs } = figures;
  return {
    title: "EventBridge and Scheduler (from PutEvents, or the tick, until the handler starts, one at a time)",
    table: [
      ["EventBridge", `${events} events`, `p50 ${ms(eventP50Ms)}`, `p99 ${ms(eventP99Ms)}`],
      ["Scheduler", `${ticks} ticks`, `p50 ${ms(tickP50Ms)}`, `latest ${ms(tickMaxMs)}`],
    ],
    rows: [
      { what: "EventBridge: PutEvents until handler, p50", measured: eventP50Ms, unit: "ms", bar: { below: 20 } },
      { what: "Scheduler: tick until handler, latest", measured: tickMaxMs, unit: "ms", bar: { below: 100 } },
    ],
  };
}

export function noticeLatencySection(figures: readonly NoticeLatency[]): Section {
  return {
    title: "SNS and S3 (from Publish, or PutObject, until the handler starts, one at a time)",
    table: figures.map(({ service, sent, p50Ms, p99Ms }) => [
      service,
      `${sent} sent`,
      `p50 ${ms(p50Ms)}`,
      `p99 ${ms(p99Ms)}`,
    ]),
    rows: figures.map(({ service, p50Ms }) => ({
      what: `${service}: send until handler, p50`,
      measured: p50Ms,
      unit: "ms",
      bar: { below: 20 },
    })),
  };
}

export function apiOverheadSection(figures: readonly ApiOverhead[]): Section {
  const invokeMs = figures.find(({ way }) => way === "Invoke")?.p50Ms ?? Number.NaN;
  return {
    title: "API Gateway (the same warm function by each way, in turns, one request at a time)",
    table: figures.map(({ way, requests, p50Ms, p99Ms }) => [
      ...[way, `${requests} requests`, `p50 ${ms(p50Ms)}`, `p99 ${ms(p99Ms)}`],
    ]),
    rows: figures
      .filter(({ way }) => way !== "Invoke")
      .map(({ way, p50Ms }) => ({ what: `${way}: added to an invoke, p50`, measured: p50Ms - invokeMs, unit: "ms" })),
  };
}
