/** Rules with schedules: each tick becomes an event for the rule's own targets, and then the next tick is due. */

import type { Place } from "../../functions/function-name.ts";
import { type OnTick, tickEntry } from "../../invocation/outbox/outbox.ts";
import { newTraceHeader } from "../../invocation/outbox/trace.ts";
import { nextTick, parseScheduleExpression } from "../../invocation/schedules/schedule-expression.ts";
import type { Clock } from "../../state/clock.ts";
import { newUuid } from "../../state/ids.ts";
import type { NewEntry } from "../../state/queue.ts";
import { type BusEvent, eventTime } from "./bus-event.ts";
import { type EventBook, type Rule, ruleKey } from "./event-book.ts";
import type { Names } from "./names.ts";
import type { EventRouter } from "./router.ts";

export interface RuleSchedulesOptions {
  readonly book: EventBook;
  readonly names: Names;
  readonly router: EventRouter;
  readonly clock: Clock;
  readonly place: Place;
}

/** The rule's next tick, if it has one and is switched on. Rates begin one interval after the rule. */
export function nextRuleTick(rule: Rule, afterMs: number): readonly NewEntry[] {
  const schedule = rule.scheduleExpression === undefined ? undefined : parseScheduleExpression(rule.scheduleExpression);
  if (!schedule || rule.state === "DISABLED") return [];
  const scheduledMs = nextTick(schedule, { afterMs: Math.max(afterMs, rule.anchorMs), anchorMs: rule.anchorMs });
  if (scheduledMs === undefined) return [];
  return [tickEntry({ name: ruleKey(rule.bus, rule.name), revision: rule.revision, scheduledMs })];
}

/** EventBridge runs a rule within the minute that its schedule names, or not at all: what was missed is not caught up on. */
const LATEST_MS = 60_000;

export function ruleTicks({ book, names, router, clock, place }: RuleSchedulesOptions): OnTick {
  return ({ name, revision, scheduledMs }) => {
    const rule = book.documents.find<Rule>("rule", name);
    if (!rule || rule.revision !== revision || rule.state === "DISABLED") return [];
    const nowMs = clock.now();
    const next = nextRuleTick(rule, Math.max(scheduledMs, nowMs));
    if (nowMs - scheduledMs >= LATEST_MS) return next;
    const event: BusEvent = {
      id: newUuid(),
      detailType: "Scheduled Event",
      source: "aws.events",
      account: place.accountId,
      time: eventTime(scheduledMs),
      region: place.region,
      resources: [names.ruleArn(rule.bus, rule.name)],
      detail: "{}",
      traceId: newTraceHeader(nowMs),
    };
    return [...router.toTargets(rule, event), ...next];
  };
}
