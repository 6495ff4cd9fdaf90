/** What EventBridge is set up to do: buses, rules with their targets, archives and the like, durable and at hand. */
import { EVENTBRIDGE, type EventPattern } from "../../functions/event-pattern.ts";
import { parseEventPattern } from "../../functions/event-pattern-parser.ts";
import type { PolicyDocument } from "../../functions/policy-document.ts";
import type { DocumentChange, Documents } from "../../state/documents.ts";
import type { EventsInput } from "./events-api.ts";
import { DEFAULT_BUS } from "./names.ts";

export type RuleTarget = EventsInput<"PutTargets">["Targets"][number];
export type RuleState = "ENABLED" | "DISABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
export type Tags = Readonly<Record<string, string>>;

export interface EventBus {
  readonly name: string;
  readonly description?: string | undefined;
  readonly kmsKeyIdentifier?: string | undefined;
  readonly deadLetterArn?: string | undefined;
  readonly logConfig?: EventsInput<"CreateEventBus">["LogConfig"];
  /** Resource policy, JSON. */
  readonly policy?: string | undefined;
  /** Unix ms */
  readonly createdMs: number;
  readonly changedMs: number;
}

export interface Rule {
  readonly bus: string;
  readonly name: string;
  readonly state: RuleState;
  readonly eventPattern?: string | undefined;
  readonly scheduleExpression?: string | undefined;
  readonly description?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly managedBy?: string | undefined;
  readonly targets: readonly RuleTarget[];
  /** Of its schedule: another after each change of it. */
  readonly revision: string;
  /** Unix ms: what a rate counts from. */
  readonly anchorMs: number;
}

export const ruleKey = (bus: string, name: string): string => `${bus}/${name}`;

/** A rule that is matched against events. */
export interface ActiveRule {
  readonly rule: Rule;
  readonly pattern: EventPattern;
}

export class EventBook {
  readonly documents: Documents;
  /** By bus; made anew after a change of one of its rules. */
  readonly #active = new Map<string, readonly ActiveRule[]>();

  constructor(documents: Documents) {
    this.documents = documents;
  }

  /** The default bus is there from the beginning. */
  async prepare(nowMs: number): Promise<void> {
    if (this.bus(DEFAULT_BUS)) return;
    await this.putBus({ name: DEFAULT_BUS, createdMs: nowMs, changedMs: nowMs });
  }

  get buses(): readonly EventBus[] {
    return sorted(this.documents.all<EventBus>("bus"));
  }

  bus(name: string): EventBus | undefined {
    return this.documents.find("bus", name);
  }

  policyOf(bus: string): PolicyDocument | undefined {
    const text = this.bus(bus)?.policy;
    return text === undefined ? undefined : JSON.parse(text);
  }

  putBus(bus: EventBus): Promise<void> {
    return this.documents.put("bus", bus.name, bus);
  }

  get rules(): readonly Rule[] {
    return sorted(this.documents.all<Rule>("rule"));
  }

  rulesOf(bus: string): readonly Rule[] {
    return this.rules.filter((rule) => rule.bus === bus);
  }

  rule(bus: string, name: string): Rule | undefined {
    return this.documents.find("rule", ruleKey(bus, name));
  }

  async putRule(rule: Rule): Promise<void> {
    await this.documents.put("rule", ruleKey(rule.bus, rule.name), rule);
    this.#active.delete(rule.bus);
  }

  async removeRule({ bus, name }: Rule, ...others: readonly DocumentChange[]): Promise<void> {
    await this.documents.change([{ kind: "rule", name: ruleKey(bus, name) }, ...others]);
    this.#active.delete(bus);
  }

  /** Rules with patterns that are switched on, their patterns read once. */
  activeRules(bus: string): readonly ActiveRule[] {
    const known = this.#active.get(bus);
    if (known) return known;
    const active = this.rulesOf(bus).flatMap((rule) =>
      rule.state === "DISABLED" || rule.eventPattern === undefined
        ? []
        : [{ rule, pattern: parseEventPattern(rule.eventPattern, EVENTBRIDGE) }],
    );
    this.#active.set(bus, active);
    return active;
  }

  tags(arn: string): Tags {
    return this.documents.find<Tags>("tags", arn) ?? {};
  }
}

function sorted<T>(all: ReadonlyMap<string, T>): T[] {
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, document]) => document);
}
