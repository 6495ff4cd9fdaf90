/** PutRule, DeleteRule, DescribeRule, Enable- and DisableRule, the lists of rules, TestEventPattern. */
import { EVENTBRIDGE, type EventPattern, PatternRejection } from "../../functions/event-pattern.ts";
import { matchesEventPattern, parseEvent } from "../../functions/event-pattern-match.ts";
import { parseEventPattern } from "../../functions/event-pattern-parser.ts";
import { parseScheduleExpression } from "../../invocation/schedules/schedule-expression.ts";
import { newUuid } from "../../state/ids.ts";
import type { Rule, RuleState } from "./event-book.ts";
import type { EventsFail, EventsHandlers, EventsInput } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { isJsonObject } from "./json-object.ts";
import { DEFAULT_BUS } from "./names.ts";
import { pageOf } from "./pages.ts";
import { nextRuleTick } from "./rule-schedules.ts";

/** Quota of rules on a bus. */
const MOST_RULES = 300;
const LONGEST_PATTERN = 4096;
/** What an event must have to be tested. */
const EVENT_FIELDS = ["id", "account", "source", "time", "region", "detail-type"];

export function readPattern(fail: EventsFail, text: string): EventPattern {
  if (text.length > LONGEST_PATTERN) {
    fail(
      "InvalidEventPatternException",
      "Event pattern is not valid. Reason: Event pattern is longer than 4096 characters",
    );
  }
  try {
    return parseEventPattern(text, EVENTBRIDGE);
  } catch (error) {
    if (!(error instanceof PatternRejection)) throw error;
    return fail("InvalidEventPatternException", `Event pattern is not valid. Reason: ${error.message}`);
  }
}

export function ruleHandlers(context: EventsContext) {
  const { book, names, fail, clock, changes, outbox } = context;

  function existingBus(given: string | undefined): string {
    const bus = names.busName(given);
    if (!book.bus(bus)) fail("ResourceNotFoundException", `Event bus ${bus} does not exist.`);
    return bus;
  }

  function ruleOf({ Name, EventBusName }: { Name: string; EventBusName?: string | undefined }): Rule {
    const bus = existingBus(EventBusName);
    return book.rule(bus, Name) ?? fail("ResourceNotFoundException", `Rule ${Name} does not exist on EventBus ${bus}.`);
  }

  function checkRule(
    { EventPattern: pattern, ScheduleExpression: schedule }: EventsInput<"PutRule">,
    bus: string,
  ): void {
    if (!pattern && !schedule) {
      fail("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    }
    if (pattern) readPattern(fail, pattern);
    if (!schedule) return;
    if (bus !== DEFAULT_BUS) {
      fail("ValidationException", "ScheduleExpression is supported only on the default event bus.");
    }
    const parsed = parseScheduleExpression(schedule);
    if (!parsed || parsed.kind === "at") fail("ValidationException", "Parameter ScheduleExpression is not valid.");
  }

  /** In this order: a tick of what was not stored after all means nothing. */
  async function store(rule: Rule): Promise<void> {
    await outbox.put(nextRuleTick(rule, clock.now()));
    await book.putRule(rule);
  }

  async function switchTo(state: RuleState, input: { Name: string; EventBusName?: string | undefined }): Promise<void> {
    await changes.run("bus", async () => {
      const rule = ruleOf(input);
      if (rule.state !== state) await store({ ...rule, state, revision: newUuid() });
    });
  }

  const described = (rule: Rule) => ({
    Name: rule.name,
    Arn: names.ruleArn(rule.bus, rule.name),
    EventPattern: rule.eventPattern,
    ScheduleExpression: rule.scheduleExpression,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
    ManagedBy: rule.managedBy,
    EventBusName: rule.bus,
  });

  return {
    PutRule: (input) =>
      changes.run("bus", async () => {
        const bus = existingBus(input.EventBusName);
        checkRule(input, bus);
        const known = book.rule(bus, input.Name);
        const arn = names.ruleArn(bus, input.Name);
        if (!known && book.rulesOf(bus).length >= MOST_RULES) {
          fail("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
        }
        const state = (input.State ?? "ENABLED") as RuleState;
        const isSameSchedule = known?.scheduleExpression === input.ScheduleExpression && known?.state === state;
        const tags = Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
        if (!known && input.Tags?.length) await book.documents.put("tags", arn, tags);
        const rule: Rule = {
          bus,
          name: input.Name,
          state,
          eventPattern: input.EventPattern || undefined,
          scheduleExpression: input.ScheduleExpression || undefined,
          description: input.Description,
          roleArn: input.RoleArn,
          managedBy: known?.managedBy,
          targets: known?.targets ?? [],
          revision: known && isSameSchedule ? known.revision : newUuid(),
          anchorMs: known && isSameSchedule ? known.anchorMs : clock.now(),
        };
        await (known && isSameSchedule ? book.putRule(rule) : store(rule));
        return { RuleArn: arn };
      }),

    DeleteRule: ({ Name: name, EventBusName }) =>
      changes.run("bus", async () => {
        const bus = existingBus(EventBusName);
        const rule = book.rule(bus, name);
        if (!rule) return {};
        if (rule.targets.length > 0) fail("ValidationException", "Rule can't be deleted since it has targets.");
        await book.removeRule(rule, { kind: "tags", name: names.ruleArn(bus, name) });
        return {};
      }),

    DescribeRule: (input, { accountId }) => ({ ...described(ruleOf(input)), CreatedBy: accountId }),

    EnableRule: async (input) => {
      await switchTo("ENABLED", input);
      return {};
    },

    DisableRule: async (input) => {
      await switchTo("DISABLED", input);
      return {};
    },

    ListRules: (input) => {
      const bus = existingBus(input.EventBusName);
      const rules = book.rulesOf(bus).filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
      const { page, next } = pageOf(fail, rules, ({ name }) => name, input);
      return { Rules: page.map(described), ...next };
    },

    ListRuleNamesByTarget: (input) => {
      const bus = existingBus(input.EventBusName);
      const rules = book.rulesOf(bus).filter(({ targets }) => targets.some(({ Arn }) => Arn === input.TargetArn));
      const { page, next } = pageOf(fail, rules, ({ name }) => name, input);
      return { RuleNames: page.map(({ name }) => name), ...next };
    },

    TestEventPattern: ({ EventPattern: text, Event: event }) => {
      const pattern = readPattern(fail, text);
      if (!isJsonObject(event)) fail("ValidationException", "Parameter Event is not valid.");
      const value = parseEvent(event) as Record<string, unknown>;
      for (const field of EVENT_FIELDS) {
        if (!Object.hasOwn(value, field)) {
          fail("ValidationException", `Parameter Event is not valid. Reason: ${field} is a required field.`);
        }
      }
      return { Result: matchesEventPattern(pattern, value) };
    },
  } satisfies EventsHandlers;
}
