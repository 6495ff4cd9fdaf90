/** Brings events to the targets of the rules that they match: as entries of the outbox, all of one event together. */
import { matchesEventPattern, parseEvent } from "../../functions/event-pattern-match.ts";
import { newOutgoing } from "../../invocation/outbox/outgoing-message.ts";
import type { Clock } from "../../state/clock.ts";
import type { NewEntry } from "../../state/queue.ts";
import { type BusEvent, eventJson, eventTime } from "./bus-event.ts";
import type { EventBook, Rule, RuleTarget } from "./event-book.ts";
import type { Names } from "./names.ts";
import { inputOf } from "./target-input.ts";

/** As AWS tries by default. */
const DEFAULT_RETRIES = { maximumAttempts: 185, maximumAgeSeconds: 24 * 3600 };

export interface RouterOptions {
  readonly book: EventBook;
  readonly names: Names;
  readonly accountId: string;
  readonly clock: Clock;
}

export class EventRouter {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** @param ruleArns when only these rules are meant */
  route(bus: string, event: BusEvent, ruleArns?: readonly string[]): NewEntry[] {
    const { book, names } = this.#options;
    const rules = book.activeRules(bus);
    if (rules.length === 0) return [];
    const json = eventJson(event);
    const value = parseEvent(json);
    return rules
      .filter(({ rule }) => !ruleArns?.length || ruleArns.includes(names.ruleArn(bus, rule.name)))
      .filter(({ pattern }) => matchesEventPattern(pattern, value))
      .flatMap(({ rule }) => this.toTargets(rule, event, json));
  }

  /** What a rule sends for an event, whether it matches or not. */
  toTargets(rule: Rule, event: BusEvent, json = eventJson(event)): NewEntry[] {
    const { names, clock } = this.#options;
    const nowMs = clock.now();
    const ruleArn = names.ruleArn(rule.bus, rule.name);
    const context = { event: json, ruleArn, ruleName: rule.name, ingestionTime: eventTime(nowMs) };
    return rule.targets
      .filter((target) => !(event.isForwarded && names.parse(target.Arn)?.kind === "event-bus"))
      .map((target) => this.#entry(target, rule, event, inputOf(target, context), json, nowMs));
  }

  #entry(target: RuleTarget, rule: Rule, event: BusEvent, input: string, json: string, nowMs: number): NewEntry {
    const { names, accountId } = this.#options;
    const ruleArn = names.ruleArn(rule.bus, rule.name);
    const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } = target.RetryPolicy ?? {};
    const deadLetterArn = target.DeadLetterConfig?.Arn;
    const group = target.SqsParameters?.MessageGroupId;
    const body = Buffer.from(input);
    return newOutgoing(
      {
        arn: target.Arn,
        sender: {
          principal: "events.amazonaws.com",
          arn: ruleArn,
          accountId,
          ...(target.RoleArn !== undefined && { usesRole: true }),
        },
        traceId: event.traceId,
        ...(group !== undefined && { extras: { messageGroupId: group } }),
        ...(target.HttpParameters && { more: { http: target.HttpParameters } }),
        retry: {
          maximumAttempts: attempts ?? DEFAULT_RETRIES.maximumAttempts,
          maximumAgeSeconds: age ?? DEFAULT_RETRIES.maximumAgeSeconds,
        },
        ...(deadLetterArn !== undefined && {
          deadLetter: {
            arn: deadLetterArn,
            attributes: { RULE_ARN: { type: "String" as const, value: ruleArn } },
            // Dead letters are the event itself, whatever the target was to get of it.
            ...(input !== json && { body: Buffer.from(json).toString("base64") }),
          },
        }),
        sinceMs: nowMs,
      },
      body,
      event.id,
    );
  }
}
