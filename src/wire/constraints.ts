/**
 * The constraints of the model (required, length, range, pattern, enum), checked on an input that strict.ts has read,
 * and AWS's one message for all violations together (contract/06 §3); as which error it goes out is the service's. What a service checks by its own rules and with
 * its own words is not here.
 */
import { printValue } from "./print-value.ts";
import type { Members } from "./protocol.ts";
import type { Shape } from "./shape.ts";

/** No pattern is run on more characters than this: a guard against patterns that backtrack. Longer ones do not match. */
const MAX_PATTERN_INPUT = 20_480;
/** A message names each violation; a body of a million bad items must not become a message of a million lines. */
const MAX_VIOLATIONS = 100;
const NOT_NULL = "Member must not be null";

/** One constraint that an input breaks. */
export interface Violation {
  /** Of the member, as AWS prints it, e.g. `tags.1.member.key`. */
  readonly path: string;
  /** It is required, and not there. */
  readonly isMissing: boolean;
  /** AWS's words. */
  readonly text: string;
}

/** Every violation, in the model's order; of very many only the first. */
export function findViolations(input: Shape, value: Members): Violation[] {
  const violations: Violation[] = [];
  checkMembers(input, value, "", violations);
  return violations;
}

/** AWS's one message for all of them. */
export function violationsText(violations: readonly Violation[]): string {
  const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected: `;
  return count + violations.map(({ text }) => text).join("; ");
}

function checkMembers(shape: Shape, value: Members, prefix: string, violations: Violation[]): void {
  for (const member of shape.members) {
    if (violations.length >= MAX_VIOLATIONS) return;
    const path = prefix + lowerFirst(member.name);
    const field = value[member.name];
    if (field === undefined) {
      if (member.required) {
        const text = `Value null at '${path}' failed to satisfy constraint: ${NOT_NULL}`;
        violations.push({ path, isMissing: true, text });
      }
    } else {
      const isSensitive = member.traits.sensitive === 1 || member.target.traits.sensitive === 1;
      check(member.target, field, path, isSensitive, violations);
    }
  }
}

function check(shape: Shape, value: unknown, path: string, isSensitive: boolean, violations: Violation[]): void {
  if (shape.type === "structure" || shape.type === "union") {
    checkMembers(shape, value as Members, `${path}.`, violations);
    return;
  }
  const failures = failedConstraints(shape, value);
  if (failures.length > 0) {
    // AWS leaves out what is secret: «Value at 'environment.variables' failed ...» (seen for Lambda).
    const printed = isSensitive ? "Value" : `Value '${printValue(shape, value)}'`;
    for (const failure of failures) {
      const text = `${printed} at '${path}' failed to satisfy constraint: ${failure}`;
      violations.push({ path, isMissing: false, text });
    }
  }
  if (shape.type !== "list" && shape.type !== "map") return;
  const target = shape.value;
  if (target.type !== "structure" && target.type !== "union") return;
  const items =
    shape.type === "list" ? (value as unknown[]).map((item, i) => [i + 1, item]) : Object.entries(value as object);
  for (const [key, item] of items) {
    if (violations.length >= MAX_VIOLATIONS) return;
    if (item !== null) checkMembers(target, item as Members, `${path}.${key}.member.`, violations);
  }
}

/** The constraints that a value breaks, each in AWS's words. Those of items count once, whatever the number of items. */
function failedConstraints(shape: Shape, value: unknown): string[] {
  switch (shape.type) {
    case "string":
      return failedString(shape, value as string);
    case "blob":
      return value instanceof Uint8Array ? failedLength(shape, value.length) : [];
    case "list":
      return [
        ...failedLength(shape, (value as unknown[]).length),
        ...failedItems("Member", shape.value, value as unknown[]),
      ];
    case "map": {
      const keys = Object.keys(value as Members);
      return [
        ...failedLength(shape, keys.length),
        ...failedItems("Map keys", shape.key, keys),
        ...failedItems("Map value", shape.value, Object.values(value as Members)),
      ];
    }
    case "integer":
    case "long":
    case "float":
    case "double":
      return failedRange(shape, value as number);
    default:
      return [];
  }
}

function failedItems(what: string, target: Shape, items: readonly unknown[]): string[] {
  const isBroken = items.some((item) => item === null || failedConstraints(target, item).length > 0);
  return isBroken ? [`${what} must satisfy constraint: [${[...allConstraints(target), NOT_NULL].join(", ")}]`] : [];
}

function failedString(shape: Shape, value: string): string[] {
  const failures = failedLength(shape, value.length);
  const { pattern } = shape;
  if (pattern !== undefined && (value.length > MAX_PATTERN_INPUT || !pattern.test(value))) {
    failures.push(patternText(shape));
  }
  if (shape.enum !== undefined && !shape.enum.includes(value)) failures.push(enumText(shape.enum));
  return failures;
}

function failedLength({ min, max }: Shape, length: number): string[] {
  if (max !== undefined && length > max) return [lengthText("less", max)];
  return min !== undefined && length < min ? [lengthText("greater", min)] : [];
}

function failedRange(shape: Shape, value: number): string[] {
  const { min, max } = shape;
  if (max !== undefined && value > max) return [rangeText(shape, "less", max)];
  return min !== undefined && value < min ? [rangeText(shape, "greater", min)] : [];
}

/** All constraints of a shape, broken or not: AWS lists them all for the items of a list or map. */
function allConstraints(shape: Shape): string[] {
  const { type, min, max, enum: values } = shape;
  const isNumber = type === "integer" || type === "long" || type === "float" || type === "double";
  const bound = (side: "less" | "greater", n: number) => (isNumber ? rangeText(shape, side, n) : lengthText(side, n));
  return [
    ...(max === undefined ? [] : [bound("less", max)]),
    ...(min === undefined ? [] : [bound("greater", min)]),
    ...(shape.patternText === undefined ? [] : [patternText(shape)]),
    ...(values === undefined ? [] : [enumText(values)]),
    ...(type === "list"
      ? [`Member must satisfy constraint: [${[...allConstraints(shape.value), NOT_NULL].join(", ")}]`]
      : []),
  ];
}

function lengthText(side: "less" | "greater", n: number): string {
  return `Member must have length ${side} than or equal to ${n}`;
}

function rangeText(shape: Shape, side: "less" | "greater", n: number): string {
  return `Member must have value ${side} than or equal to ${printValue(shape, n)}`;
}

function patternText(shape: Shape): string {
  return `Member must satisfy regular expression pattern: ${shape.patternText}`;
}

function enumText(values: readonly string[]): string {
  return `Member must satisfy enum value set: [${values.join(", ")}]`;
}

function lowerFirst(name: string): string {
  return name[0]?.toLowerCase() + name.slice(1);
}
