/** Reads event patterns: from their JSON to what event-pattern-match.ts needs, compiled once. */

import {
  type Absence,
  type Condition,
  type EventPattern,
  NEGATIONS,
  OPERATORS,
  type PatternDialect,
  type PatternNode,
  PatternRejection,
} from "./event-pattern.ts";
import { parseCondition } from "./event-pattern-conditions.ts";
import { rejectAt, unread } from "./pattern-place.ts";
import { type JsonMember, type JsonNode, JsonSyntaxError, placeIn, readJson } from "./positioned-json.ts";

/** Alternatives that one pattern may have through `$or` (EventBridge's quota). */
const MOST_ALTERNATIVES = 1000;

/** Names that show that an object behind `$or` is a condition, and `$or` so a field like any other. */
const RESERVED: ReadonlySet<string> = new Set([
  ...OPERATORS,
  ...NEGATIONS,
  ...["=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after"],
  ...["date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range"],
]);

/** Conditions by path, its steps joined with dots: what one alternative asks. */
type Fields = ReadonlyMap<string, readonly Condition[]>;

interface Reading {
  readonly source: string;
  readonly dialect: PatternDialect;
}

/** @throws PatternRejection */
export function parseEventPattern(source: string, dialect: PatternDialect): EventPattern {
  const root = readRoot(source);
  if (root?.kind !== "object") return rejectAt(source, "Filter is not an object", root ? unread(root) : source.length);
  if (root.members.length === 0 && dialect.mayBeEmpty) return { alternatives: [compiled(new Map())] };
  const alternatives = objectFields([new Map()], [], root, { source, dialect });
  return { alternatives: alternatives.map(compiled) };
}

/** The same for those who need no reason: undefined when the text is no pattern. */
export function readEventPattern(source: string, dialect: PatternDialect): EventPattern | undefined {
  try {
    return parseEventPattern(source, dialect);
  } catch (error) {
    if (error instanceof PatternRejection) return undefined;
    throw error;
  }
}

function readRoot(source: string): JsonNode | undefined {
  try {
    return readJson(source);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new PatternRejection(`${error.message}\n at ${placeIn(source, error.offset)}`);
  }
}

/** Each of the alternatives so far, and what the object asks. */
function objectFields(
  alternatives: readonly Fields[],
  path: readonly string[],
  object: JsonNode & { kind: "object" },
  reading: Reading,
): readonly Fields[] {
  if (object.members.length === 0) rejectAt(reading.source, "Empty objects are not allowed", object.end);
  return object.members.reduce((found, member) => memberFields(found, path, member, reading), alternatives);
}

function memberFields(
  alternatives: readonly Fields[],
  path: readonly string[],
  { name, value }: JsonMember,
  reading: Reading,
): readonly Fields[] {
  const choices = name === "$or" ? choicesOf(value) : undefined;
  if (choices) {
    const branches = choices.map((choice) => objectFields(alternatives, path, choice, reading));
    const count = branches.reduce((sum, branch) => sum + branch.length, 0);
    if (count > MOST_ALTERNATIVES) {
      rejectAt(reading.source, `More than ${MOST_ALTERNATIVES} combinations of rules through $or`, value.end);
    }
    return branches.flat();
  }
  const here = [...path, name];
  if (value.kind === "object") return objectFields(alternatives, here, value, reading);
  if (value.kind !== "array") {
    return rejectAt(reading.source, `"${name}" must be an object or an array`, unread(value));
  }
  if (value.items.length === 0) rejectAt(reading.source, "Empty arrays are not allowed", value.end);
  const conditions = value.items.map((item) => parseCondition(item, reading.source, reading.dialect));
  // What is said twice of a place: the last counts.
  return alternatives.map((fields) => new Map([...fields, [here.join("."), conditions]]));
}

/** What `$or` lets choose from; undefined where it is a field that happens to have that name. */
function choicesOf(value: JsonNode): (JsonNode & { kind: "object" })[] | undefined {
  if (value.kind !== "array" || value.items.length < 2) return undefined;
  const objects = value.items.filter((item) => item.kind === "object");
  if (objects.length < value.items.length || objects.some(hasReservedName)) return undefined;
  return objects;
}

function hasReservedName(node: JsonNode): boolean {
  if (node.kind !== "object") return false;
  return node.members.some(({ name, value }) => RESERVED.has(name) || hasReservedName(value));
}

interface Draft {
  conditions?: readonly Condition[];
  mayBeAbsent: boolean;
  readonly children: Map<string, Draft>;
  absences: readonly Absence[];
}

const newDraft = (): Draft => ({ mayBeAbsent: false, children: new Map(), absences: [] });

function compiled(fields: Fields): PatternNode {
  const root = newDraft();
  for (const [path, conditions] of fields) {
    let node = root;
    for (const step of path.split(".")) {
      const next = node.children.get(step) ?? newDraft();
      node.children.set(step, next);
      node = next;
    }
    node.conditions = conditions;
    node.mayBeAbsent = conditions.some((condition) => condition.kind === "exists" && !condition.exists);
  }
  noteAbsences(root);
  return root;
}

interface Leaf {
  readonly path: readonly string[];
  readonly node: Draft;
}

/** @returns the places with conditions at and below the node, by their path from it */
function noteAbsences(node: Draft): Leaf[] {
  const leaves: Leaf[] = node.conditions ? [{ path: [], node }] : [];
  for (const [step, child] of node.children) {
    for (const leaf of noteAbsences(child)) leaves.push({ path: [step, ...leaf.path], node: leaf.node });
  }
  const positive = leaves.filter((leaf) => leaf.node.conditions?.some((condition) => !asksAbsence(condition)));
  node.absences = leaves
    .filter((leaf) => leaf.node.mayBeAbsent && leaf.node !== node)
    .map((leaf) => ({ ...leaf, isLocal: positive.some((other) => other.path.join(".") < leaf.path.join(".")) }));
  return leaves;
}

const asksAbsence = (condition: Condition): boolean => condition.kind === "exists" && !condition.exists;
