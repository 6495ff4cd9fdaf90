/**
 * Does an event match a pattern? Pure, and in time that grows with the event and the pattern, never with their product of
 * choices. Where the event has arrays, any element may match; fields below the same array must match in one element.
 */
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";
import { type Absence, type Condition, type EventPattern, foldCase, type PatternNode } from "./event-pattern.ts";
import { isInRange, parseIpAddress } from "./ip-range.ts";
import { matchesWildcard } from "./wildcard.ts";

/** A number of JSON whose text says more than the double does: 300.0, 1e2, 12345678901234567890. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Values of JSON. Numbers may be NumberText. */
export type EventValue = unknown;

/** Texts with such a number, and some without. */
const UNUSUAL_NUMBER = /\d[eE][+-]?\d|\.\d*0(?!\d)|\.\d{15}|\d{16}|-0(?!\.)/;

/** The event that a text is, numbers exactly as they are written. @throws SyntaxError */
export function parseEvent(text: string): EventValue {
  if (!UNUSUAL_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || String(value) === source) return value;
    return new NumberText(source);
  });
}

export function matchesEventPattern(pattern: EventPattern, event: EventValue): boolean {
  return isObject(event) && pattern.alternatives.some((root) => membersMatch(root, event, NONE, 0));
}

/** What a pattern asks of a member of the event: a value of it, something inside of it, or nothing. */
export function asksOf(pattern: EventPattern, member: string): "value" | "inside" | undefined {
  const asked = pattern.alternatives.flatMap(({ children }) => children.get(member) ?? []);
  if (asked.some(({ children }) => children.size > 0)) return "inside";
  return asked.length > 0 ? "value" : undefined;
}

/** Places that must not count as absent: some other element of the array has them. */
type Barred = ReadonlySet<PatternNode>;
const NONE: Barred = new Set();
/** Levels of arrays within arrays that are looked into. */
const DEEPEST = 1000;

function matches(node: PatternNode, value: EventValue, barred: Barred): boolean {
  if (node.conditions && !valueMatches(node, node.conditions, value, barred)) return false;
  return node.children.size === 0 || membersMatch(node, value, barred, 0);
}

function valueMatches(node: PatternNode, conditions: readonly Condition[], value: EventValue, barred: Barred): boolean {
  if (node.mayBeAbsent && !barred.has(node) && !hasScalar(value, 0)) return true;
  return someScalar(value, (scalar) => conditions.some((condition) => holds(condition, scalar)), 0);
}

function membersMatch(node: PatternNode, value: EventValue, barred: Barred, depth: number): boolean {
  if (Array.isArray(value) && value.length > 0) {
    if (depth > DEEPEST) return false;
    const inElements = node.absences.length === 0 ? barred : withPresent(node.absences, value, barred);
    return value.some((element) => membersMatch(node, element, inElements, depth + 1));
  }
  const members = isObject(value) ? undotted(value, node.children) : {};
  for (const [step, child] of node.children) {
    const member = Object.hasOwn(members, step) ? members[step] : undefined;
    if (!matches(child, member, barred)) return false;
  }
  return true;
}

function withPresent(absences: readonly Absence[], array: readonly EventValue[], barred: Barred): Barred {
  const present = absences.filter(({ path, isLocal }) => !isLocal && isPresent(array, path, 0));
  return present.length === 0 ? barred : new Set([...barred, ...present.map(({ node }) => node)]);
}

function isPresent(value: EventValue, path: readonly string[], depth: number): boolean {
  if (depth > DEEPEST) return false;
  if (path.length === 0) return hasScalar(value, depth);
  if (Array.isArray(value)) return value.some((element) => isPresent(element, path, depth + 1));
  if (!isObject(value)) return false;
  const [step = "", ...rest] = path;
  const members = undotted(value, new Map([[step, undefined]]));
  return Object.hasOwn(members, step) && isPresent(members[step], rest, depth + 1);
}

/** A member `a.b` is the same as `b` within `a`; where both are there, either may match. */
function undotted(object: Record<string, unknown>, steps: ReadonlyMap<string, unknown>): Record<string, unknown> {
  let members = object;
  for (const name of Object.keys(object)) {
    const dot = name.indexOf(".");
    if (dot === -1) continue;
    const [step, rest] = [name.slice(0, dot), name.slice(dot + 1)];
    if (!steps.has(step)) continue;
    if (members === object) members = { ...object };
    const inner = { [rest]: object[name] };
    const known = Object.hasOwn(members, step) ? members[step] : undefined;
    if (known === undefined) members[step] = inner;
    else
      members[step] = isObject(known) && !Object.hasOwn(known, rest) ? { ...known, ...inner } : [known, inner].flat();
  }
  return members;
}

const hasScalar = (value: EventValue, depth: number): boolean => someScalar(value, () => true, depth);

/** Of what is there, through arrays. */
function someScalar(value: EventValue, test: (scalar: EventValue) => boolean, depth: number): boolean {
  if (Array.isArray(value)) return depth < DEEPEST && value.some((item) => someScalar(item, test, depth + 1));
  return value !== undefined && !isObject(value) && test(value);
}

function holds(condition: Condition, value: EventValue): boolean {
  switch (condition.kind) {
    case "equals":
      return value === condition.value;
    case "number": {
      const number = decimalOf(value);
      return number !== undefined && compareDecimals(number, condition.value) === 0;
    }
    case "number-text":
      return textOf(value) === condition.text;
    case "numeric": {
      const number = decimalOf(value);
      return number !== undefined && condition.bounds.every(({ operator, value }) => COMPARE[operator](number, value));
    }
    case "exists":
      return condition.exists;
    case "prefix":
      return typeof value === "string" && value.startsWith(condition.text);
    case "suffix":
      return typeof value === "string" && value.endsWith(condition.text);
    case "ignore-case":
      return typeof value === "string" && AFFIX[condition.part](foldCase(value), condition.text);
    case "wildcard":
      return typeof value === "string" && matchesWildcard(condition.wildcard, value);
    case "ip": {
      const address = typeof value === "string" ? parseIpAddress(value) : undefined;
      return address !== undefined && isInRange(condition.range, address);
    }
    case "anything-but":
      return !condition.conditions.some((one) => holds(one, value));
  }
}

const COMPARE: Readonly<Record<"=" | "<" | "<=" | ">" | ">=", (a: Decimal, b: Decimal) => boolean>> = {
  "=": (a, b) => compareDecimals(a, b) === 0,
  "<": (a, b) => compareDecimals(a, b) < 0,
  "<=": (a, b) => compareDecimals(a, b) <= 0,
  ">": (a, b) => compareDecimals(a, b) > 0,
  ">=": (a, b) => compareDecimals(a, b) >= 0,
};

const AFFIX: Readonly<Record<"whole" | "prefix" | "suffix", (value: string, text: string) => boolean>> = {
  whole: (value, text) => value === text,
  prefix: (value, text) => value.startsWith(text),
  suffix: (value, text) => value.endsWith(text),
};

function decimalOf(value: EventValue): Decimal | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : parseDecimal(text);
}

/** Of numbers only. */
function textOf(value: EventValue): string | undefined {
  if (typeof value === "number") return String(value);
  return value instanceof NumberText ? value.text : undefined;
}

const isObject = (value: EventValue): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
