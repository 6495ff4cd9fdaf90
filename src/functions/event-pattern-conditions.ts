/** Reads one condition of an event pattern: what stands in an array, a value or an object with one operator. */
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";
import {
  type Condition,
  foldCase,
  NEGATIONS,
  type Negation,
  type NumericBound,
  OPERATORS,
  type Operator,
  type PatternDialect,
  PatternRejection,
} from "./event-pattern.ts";
import { parseCidr, parseIpAddress } from "./ip-range.ts";
import { rejectAt, unread } from "./pattern-place.ts";
import { type JsonMember, type JsonNode, placeIn } from "./positioned-json.ts";
import { parseWildcard } from "./wildcard.ts";

interface Operand {
  readonly node: JsonNode;
  readonly source: string;
  readonly dialect: PatternDialect;
}

/** @throws PatternRejection */
export function parseCondition(node: JsonNode, source: string, dialect: PatternDialect): Condition {
  if (node.kind === "literal") return { kind: "equals", value: node.value };
  if (node.kind === "string") return equalTo(node.text);
  if (node.kind === "number") {
    if (dialect.numbers === "text") return { kind: "number-text", text: node.text };
    return { kind: "number", value: decimalOf(node.text) };
  }
  if (node.kind === "array") {
    return rejectAt(source, "Match value must be String, number, true, false, or null", unread(node));
  }
  const [member, more] = node.members;
  if (!member) return rejectAt(source, "Match expression name not found", node.end);
  const { name, value } = member;
  const operator = OPERATORS.find((known) => known === name && dialect.operators.has(known));
  if (!operator) return rejectAt(source, `Unrecognized match type ${name}`, unread(value));
  const condition = READERS[operator]({ node: value, source, dialect });
  refuseMore(more, source, operator === "numeric" ? "Too many elements in numeric expression" : undefined);
  return condition;
}

const READERS: Readonly<Record<Operator, (operand: Operand) => Condition>> = {
  exactly: (operand) => ({ kind: "equals", value: text(operand, "exact match") }),
  prefix: (operand) => affix("prefix", operand),
  suffix: (operand) => affix("suffix", operand),
  "equals-ignore-case": (operand) => ({
    kind: "ignore-case",
    part: "whole",
    text: foldCase(text(operand, "equals-ignore-case match")),
  }),
  wildcard: (operand) => wildcard(operand),
  cidr: (operand) => {
    const range = parseCidr(text(operand, "prefix match"));
    if (typeof range === "string") throw new PatternRejection(range);
    return { kind: "ip", range };
  },
  exists: ({ node, source }) => {
    if (node.kind === "literal" && node.value !== null) return { kind: "exists", exists: node.value };
    return rejectAt(source, "exists match pattern must be either true or false.", unread(node));
  },
  numeric: ({ node, source }) => {
    if (node.kind !== "array") return rejectAt(source, "Value of numeric must be an array.", unread(node));
    return { kind: "numeric", bounds: bounds(node, source) };
  },
  "anything-but": anythingBut,
};

/** An IP address equals however else it is written. */
function equalTo(value: string): Condition {
  const range = parseIpAddress(value);
  return range ? { kind: "ip", range } : { kind: "equals", value };
}

function text({ node, source }: Operand, what: string): string {
  return node.kind === "string" ? node.text : rejectAt(source, `${what} pattern must be a string`, unread(node));
}

function affix(kind: "prefix" | "suffix", operand: Operand): Condition {
  const { node, source, dialect } = operand;
  if (node.kind !== "object" || !dialect.hasIgnoreCaseAffixes) return { kind, text: text(operand, `${kind} match`) };
  const [member, more] = node.members;
  const name = kind === "prefix" ? "Prefix" : "Suffix";
  if (!member) return rejectAt(source, `${name} expression name not found`, node.end);
  if (member.name !== "equals-ignore-case") {
    return rejectAt(source, `Unsupported ${kind} pattern: ${member.name}`, unread(member.value));
  }
  const folded = foldCase(text({ ...operand, node: member.value }, "equals-ignore-case match"));
  refuseMore(more, source);
  return { kind: "ignore-case", part: kind, text: folded };
}

function wildcard(operand: Operand): Condition {
  const found = parseWildcard(text(operand, "wildcard match"));
  if (typeof found === "string") return rejectAt(operand.source, found, operand.node.end);
  return { kind: "wildcard", wildcard: found };
}

function anythingBut(operand: Operand): Condition {
  const { node, source } = operand;
  if (node.kind === "object") return anythingButPart(operand);
  if (node.kind === "literal") {
    return rejectAt(source, "Value of anything-but must be an array or single string/number value.", unread(node));
  }
  const items = node.kind === "array" ? node.items : [node];
  const conditions = items.map((item): Condition => {
    if (item.kind === "string") return { kind: "equals", value: item.text };
    if (item.kind === "number") return { kind: "number", value: decimalOf(item.text) };
    return rejectInList(source, "Inside anything but list, start|null|boolean is not supported.", item);
  });
  if (new Set(conditions.map(({ kind }) => kind)).size !== 1) {
    const message = "Inside anything but list, either all values are number or string, mixed type is not supported";
    return rejectAt(source, message, node.end);
  }
  return { kind: "anything-but", conditions };
}

function anythingButPart({ node, source, dialect }: Operand): Condition {
  const [member, more] = node.kind === "object" ? node.members : [];
  if (!member) return rejectAt(source, "Anything-But expression name not found", node.end);
  const negation = NEGATIONS.find((known) => known === member.name && dialect.negations.has(known));
  if (!negation) return rejectAt(source, `Unsupported anything-but pattern: ${member.name}`, unread(member.value));
  const isList = member.value.kind === "array";
  const items = member.value.kind === "array" ? member.value.items : [member.value];
  const conditions = items.map((item) => {
    if (item.kind !== "string") {
      return isList
        ? rejectInList(source, WRONG_ITEM[negation], item)
        : rejectAt(source, WRONG_ITEM[negation], unread(item));
    }
    if (item.text === "" && (negation === "prefix" || negation === "suffix")) {
      return rejectAt(source, "Null prefix/suffix not allowed", item.end);
    }
    return READERS[negation]({ node: item, source, dialect });
  });
  refuseMore(more, source);
  return { kind: "anything-but", conditions };
}

const WRONG_ITEM: Readonly<Record<Negation, string>> = {
  prefix: "prefix/suffix match pattern must be a string",
  suffix: "prefix/suffix match pattern must be a string",
  wildcard: "wildcard match pattern must be a string",
  "equals-ignore-case": "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
};

/** AWS says the place twice there. */
function rejectInList(source: string, message: string, item: JsonNode): never {
  const place = placeIn(source, unread(item));
  throw new PatternRejection(`${message}\n at ${place}\n at ${place}`);
}

/** `[">", 0, "<=", 5]`: a lower and an upper bound, or one of them, or the one value. */
function bounds(list: JsonNode & { kind: "array" }, source: string): NumericBound[] {
  const [first, second, third, fourth, fifth] = list.items;
  const place = (node: JsonNode | undefined): number => (node ? unread(node) : list.end);
  if (first?.kind !== "string") {
    return rejectAt(source, `Invalid member in numeric match: ${first ? shown(first) : "]"}`, place(first));
  }
  const operator = LIMITS.find((known) => known === first.text);
  if (!operator) return rejectAt(source, `Unrecognized numeric range operator: ${first.text}`, place(second));
  if (second?.kind !== "number") {
    return rejectAt(source, `Value of ${operator === "=" ? "equals" : operator} must be numeric`, place(second));
  }
  const bound: NumericBound = { operator, value: decimalOf(second.text) };
  if (!third) return [bound];
  if (operator !== ">" && operator !== ">=") rejectAt(source, "Too many elements in numeric expression", unread(third));
  if (third.kind !== "string") return rejectAt(source, `Bad value in numeric range: ${shown(third)}`, unread(third));
  if (third.text !== "<" && third.text !== "<=") {
    return rejectAt(source, `Bad numeric range operator: ${third.text}`, third.end);
  }
  if (fourth?.kind !== "number") return rejectAt(source, `Value of ${third.text} must be numeric`, place(fourth));
  if (fifth) rejectAt(source, "Too many terms in numeric range expression", unread(fifth));
  const top: NumericBound = { operator: third.text, value: decimalOf(fourth.text) };
  if (compareDecimals(bound.value, top.value) >= 0) rejectAt(source, "Bottom must be less than top", list.end);
  return [bound, top];
}

const LIMITS = ["=", "<", "<=", ">", ">="] as const;

function decimalOf(number: string): Decimal {
  return parseDecimal(number) as Decimal;
}

function shown(node: JsonNode): string {
  if (node.kind === "number" || node.kind === "string") return node.text;
  if (node.kind === "literal") return String(node.value);
  return node.kind === "array" ? "[" : "{";
}

function refuseMore(
  more: JsonMember | undefined,
  source: string,
  message = "Only one key allowed in match expression",
): void {
  if (more) rejectAt(source, message, unread(more.value));
}
