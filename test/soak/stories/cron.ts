/**
 * examples/cron: a job that schedules run, each at a moment of its own and one every minute; and a rule with a schedule. A tick
 * fires once: what is delivered again has the same id.
 */
import { setTimeout as delay } from "node:timers/promises";
import { PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, FlexibleTimeWindowMode } from "@aws-sdk/client-scheduler";
import { QUEUE_ARN, type Stage } from "../stage.ts";
import type { Story } from "../story.ts";

const MINUTE_MS = 60_000;
const RoleArn = "arn:aws:iam::000000000000:role/example";
const FlexibleTimeWindow = { Mode: FlexibleTimeWindowMode.OFF };
const STAMP = "<aws.scheduler.scheduled-time> <aws.scheduler.execution-id>";

interface Report {
  readonly responsePayload: { readonly job: string; readonly report: string };
}

interface RuleEvent {
  readonly id: string;
  readonly time: string;
}

/** One tick, and the id that it fired with. */
interface Fired {
  readonly tick: string;
  readonly id: string;
}

/** Told over a full minute, so that what recurs does so. */
export async function cronOverMinute(stage: Stage): Promise<Story> {
  const story = await cron(stage);
  await delay(Math.max(0, MINUTE_MS - (Date.now() % MINUTE_MS) - 3000));
  return story;
}

export async function cron(stage: Stage): Promise<Story> {
  const reports = await stage.queue("reports");
  const ruleEvents = await stage.queue("rule-ticks");
  const Arn = await stage.deployExample("cron", { caller: "scheduler", told: "reports" });
  const schedule = (Name: string, ScheduleExpression: string) => {
    const Target = { Arn, RoleArn, Input: JSON.stringify({ job: Name, time: STAMP }) };
    const command = new CreateScheduleCommand({ Name, ScheduleExpression, Target, FlexibleTimeWindow });
    return stage.clients.scheduler.send(command);
  };
  await schedule("every-minute", "cron(* * * * ? *)");
  await stage.clients.events.send(new PutRuleCommand({ Name: "minutes", ScheduleExpression: "cron(* * * * ? *)" }));
  const Targets = [{ Id: "1", Arn: `${QUEUE_ARN}rule-ticks` }];
  await stage.clients.events.send(new PutTargetsCommand({ Rule: "minutes", Targets }));
  const begunMs = Date.now();
  const fired = (): Promise<Fired[]> =>
    reports.told(({ responsePayload: { job, report } }: Report) => {
      const [time = "", id = ""] = report.split(" ");
      return { tick: job === "every-minute" ? time : job, id };
    });
  const ruleFired = () => ruleEvents.told(({ id, time }: RuleEvent): Fired => ({ tick: time, id }));
  return {
    groups: [],
    paceMs: 100,
    async send(message) {
      // To the second, in the near future.
      const at = new Date(Date.now() + 1500).toISOString().slice(0, 19);
      await schedule(message, `at(${at})`);
    },
    ends: { job: { expects: () => true, arrived: async () => (await fired()).map(({ tick }) => tick) } },
    async wrongs() {
      const [schedules, rules] = [await fired(), await ruleFired()];
      const minutes = minutesBetween(begunMs, Date.now() - 2000);
      // Also those at which there was no region: it was back within their minute.
      const unfired = (what: readonly Fired[]) =>
        minutes.filter((minute) => !what.some(({ tick }) => Date.parse(tick) === minute));
      return {
        "minutes without a tick of the schedule": unfired(schedules).length,
        "minutes without a tick of the rule": unfired(rules).length,
        "ticks fired twice": firedTwice(schedules) + firedTwice(rules),
      };
    },
  };
}

function minutesBetween(fromMs: number, toMs: number): number[] {
  const first = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS;
  return Array.from(
    { length: Math.max(0, Math.ceil((toMs - first) / MINUTE_MS)) },
    (_, index) => first + index * MINUTE_MS,
  );
}

/** Ticks that fired with more than one id. */
function firedTwice(fired: readonly Fired[]): number {
  const ids = new Map<string, Set<string>>();
  for (const { tick, id } of fired) ids.set(tick, (ids.get(tick) ?? new Set()).add(id));
  return [...ids.values()].filter((one) => one.size > 1).length;
}
