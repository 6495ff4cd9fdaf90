/**
 * Patterns of filter criteria, as Lambda understands them (contract/04 §7): from their JSON to conditions. A pattern that
 * cannot be read completely is no pattern; what matches is decided by whoever has events.
 */

export type FilterCondition =
  | { readonly kind: "equals"; readonly value: string | number | boolean | null }
  | { readonly kind: "anything-but"; readonly values: readonly (string | number)[] }
  | { readonly kind: "numeric"; readonly bounds: readonly NumericBound[] }
  | { readonly kind: "exists"; readonly exists: boolean }
  | { readonly kind: "prefix" | "suffix" | "equals-ignore-case"; readonly text: string };

export interface NumericBound {
  readonly operator: "=" | "<" | "<=" | ">" | ">=";
  readonly value: number;
}

/** One of the conditions must hold, or the object at this place must match the pattern. */
export type FilterField = { readonly anyOf: readonly FilterCondition[] } | { readonly pattern: FilterPattern };

/** Every field must match, and of `or`, when there is one, any. */
export interface FilterPattern {
  readonly fields: ReadonlyMap<string, FilterField>;
  readonly or?: readonly FilterPattern[];
}

const OPERATORS: ReadonlySet<unknown> = new Set(["=", "<", "<=", ">", ">="]);

class BadPattern extends Error {
  override readonly name = "BadPattern";
}

/** The pattern that the JSON text says, or undefined when it is none. */
export function parseFilterPattern(text: string): FilterPattern | undefined {
  try {
    return pattern(JSON.parse(text));
  } catch (error) {
    if (error instanceof BadPattern || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function pattern(value: unknown): FilterPattern {
  if (!isObject(value)) throw new BadPattern();
  const fields = new Map<string, FilterField>();
  let or: readonly FilterPattern[] | undefined;
  for (const [name, content] of Object.entries(value)) {
    if (name === "$or") or = nonEmpty(content).map(nestedPattern);
    else fields.set(name, field(content));
  }
  return { fields, ...(or && { or }) };
}

function field(value: unknown): FilterField {
  return Array.isArray(value) ? { anyOf: nonEmpty(value).map(condition) } : { pattern: nestedPattern(value) };
}

/** Only the whole pattern may be empty: it lets everything pass. */
function nestedPattern(value: unknown): FilterPattern {
  if (!isObject(value) || Object.keys(value).length === 0) throw new BadPattern();
  return pattern(value);
}

function condition(value: unknown): FilterCondition {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return { kind: "equals", value };
  }
  if (!isObject(value)) throw new BadPattern();
  const [entry, ...more] = Object.entries(value);
  if (!entry || more.length > 0) throw new BadPattern();
  const [kind, operand] = entry;
  switch (kind) {
    case "prefix":
    case "suffix":
    case "equals-ignore-case":
      if (typeof operand !== "string") throw new BadPattern();
      return { kind, text: operand };
    case "exists":
      if (typeof operand !== "boolean") throw new BadPattern();
      return { kind, exists: operand };
    case "anything-but":
      return { kind, values: (Array.isArray(operand) ? nonEmpty(operand) : [operand]).map(scalar) };
    case "numeric":
      return { kind, bounds: bounds(operand) };
    default:
      throw new BadPattern();
  }
}

/** `[">", 0, "<=", 5]`: a lower and an upper bound, or one of them, or the one value. */
function bounds(value: unknown): NumericBound[] {
  const parts = nonEmpty(value);
  if (parts.length !== 2 && parts.length !== 4) throw new BadPattern();
  const found: NumericBound[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const [operator, number] = [parts[index], parts[index + 1]];
    if (!OPERATORS.has(operator) || typeof number !== "number") throw new BadPattern();
    found.push({ operator: operator as NumericBound["operator"], value: number });
  }
  const [first, second] = found;
  if (first && second) {
    const isRange = first.operator.startsWith(">") && second.operator.startsWith("<") && first.value < second.value;
    if (!isRange) throw new BadPattern();
  }
  return found;
}

function scalar(value: unknown): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new BadPattern();
}

function nonEmpty(value: unknown): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw new BadPattern();
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
