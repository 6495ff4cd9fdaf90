/** A subscription's filter policy: which messages it lets through, by their attributes or by their body. */
import { type EventPattern, PatternRejection, SNS_FILTER_POLICY } from "../../functions/event-pattern.ts";
import { matchesEventPattern, NumberText, parseEvent } from "../../functions/event-pattern-match.ts";
import { parseEventPattern, readEventPattern } from "../../functions/event-pattern-parser.ts";
import type { MessageAttribute, SnsMessage } from "./message.ts";
import { invalid, type SnsFail } from "./refusal.ts";

export interface FilterPolicy {
  readonly scope: "MessageAttributes" | "MessageBody";
  readonly pattern: EventPattern;
}

const SCOPES: readonly string[] = ["MessageAttributes", "MessageBody"];
const MOST_KEYS = 5;
/** Products of the numbers of values of all keys, in a body each by its depth (SNS's quota). */
const MOST_COMBINATIONS = 150;
const MOST_BYTES = 256 * 1024;

/** @returns undefined for a subscription without one, whose policy is empty, or of a form that nobody wrote here */
export function filterPolicyOf({
  FilterPolicy: text,
  FilterPolicyScope: scope,
}: Readonly<Record<string, string>>): FilterPolicy | undefined {
  if (!text) return undefined;
  const pattern = readEventPattern(text, SNS_FILTER_POLICY);
  return pattern && { scope: scope === "MessageBody" ? "MessageBody" : "MessageAttributes", pattern };
}

/** @throws ServiceError for what is no filter policy */
export function checkFilterPolicy(fail: SnsFail, text: string, scope: string | undefined): void {
  if (text === "") return;
  try {
    if (Buffer.byteLength(text) > MOST_BYTES) invalid(fail, "FilterPolicy: Filter policy is too large");
    parseEventPattern(text, SNS_FILTER_POLICY);
  } catch (error) {
    if (error instanceof PatternRejection) invalid(fail, `FilterPolicy: ${error.message}`);
    throw error;
  }
  const { keys, combinations, depth } = measured(JSON.parse(text), 1);
  if (scope !== "MessageBody" && depth > 1) {
    invalid(fail, "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy");
  }
  if (keys > MOST_KEYS) invalid(fail, `FilterPolicy: Filter policy can not have more than ${MOST_KEYS} keys`);
  if (combinations > MOST_COMBINATIONS) invalid(fail, "FilterPolicy: Filter policy is too complex");
}

export function checkFilterPolicyScope(fail: SnsFail, scope: string): void {
  if (!SCOPES.includes(scope))
    invalid(fail, `FilterPolicyScope: Invalid value [${scope}]. Please use either MessageBody or MessageAttributes`);
}

/** The keys that hold conditions, not those above them. `$or` is a key of none. */
function measured(
  policy: Record<string, unknown>,
  level: number,
): { keys: number; combinations: number; depth: number } {
  let keys = 0;
  let combinations = 1;
  let depth = level;
  for (const [name, value] of Object.entries(policy)) {
    const isChoice = name === "$or" && Array.isArray(value);
    const parts = isChoice ? (value as unknown[]) : Array.isArray(value) ? [] : [value];
    if (!isChoice && Array.isArray(value)) {
      keys += 1;
      combinations *= Math.max(1, value.length * level);
    }
    for (const part of parts) {
      const inner = measured(part as Record<string, unknown>, isChoice ? level : level + 1);
      keys += inner.keys;
      combinations *= inner.combinations;
      depth = Math.max(depth, inner.depth);
    }
  }
  return { keys, combinations, depth };
}

export function letsThrough(filter: FilterPolicy | undefined, message: SnsMessage, body: string): boolean {
  if (filter === undefined) return true;
  const event = filter.scope === "MessageBody" ? bodyEvent(body) : attributesEvent(message.attributes);
  return event !== undefined && matchesEventPattern(filter.pattern, event);
}

/** A body that is no JSON matches no policy. */
function bodyEvent(body: string): unknown {
  try {
    return parseEvent(body);
  } catch {
    return undefined;
  }
}

function attributesEvent(attributes: SnsMessage["attributes"]): unknown {
  const entries = Object.entries(attributes).map(([name, attribute]) => [name, eventValue(attribute)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Binary ones are not looked at. What claims to be an array and is none is a text. */
function eventValue({ type, value }: MessageAttribute): unknown {
  if (type === "Number") return new NumberText(value);
  if (type === "String.Array") {
    try {
      const list = parseEvent(value);
      return Array.isArray(list) ? list : value;
    } catch {
      return value;
    }
  }
  return type.startsWith("Binary") ? undefined : value;
}
