/** The conditions of JSON and space-delimited patterns, joined by `&&`, `||` and parentheses. */
import { InvalidPattern, type PatternText } from "./pattern-text.ts";

/** What a selector finds: undefined when there is nothing. */
export type Found = unknown;
export type Lookup<Selector> = (selector: Selector) => Found;
export type Condition<Selector> = (lookup: Lookup<Selector>) => boolean;
type Test = (found: Found) => boolean;

const OPERATORS = ["!=", ">=", "<=", "=", ">", "<"] as const;
type Operator = (typeof OPERATORS)[number];

const BARE_VALUE = /[^\s"%()[\]{},&|=<>!]+/y;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Parentheses within each other. */
const DEEPEST = 50;

export class Conditions<Selector> {
  readonly #text: PatternText;
  readonly #readSelector: () => Selector;
  #depth = 0;

  /** @param readSelector reads what stands at the left of a condition */
  constructor(text: PatternText, readSelector: () => Selector) {
    this.#text = text;
    this.#readSelector = readSelector;
  }

  read(): Condition<Selector> {
    return this.#joined("||", () => this.#joined("&&", () => this.#one()));
  }

  #joined(sign: "||" | "&&", next: () => Condition<Selector>): Condition<Selector> {
    const parts = [next()];
    while (this.#text.take(sign)) parts.push(next());
    const [only] = parts;
    if (parts.length === 1 && only) return only;
    return sign === "||"
      ? (lookup) => parts.some((part) => part(lookup))
      : (lookup) => parts.every((part) => part(lookup));
  }

  #one(): Condition<Selector> {
    if (!this.#text.take("(")) {
      const selector = this.#readSelector();
      const test = readTest(this.#text);
      return (lookup) => test(lookup(selector));
    }
    if (++this.#depth > DEEPEST) throw new InvalidPattern();
    const inner = this.read();
    this.#depth--;
    this.#text.expect(")");
    return inner;
  }
}

function readTest(text: PatternText): Test {
  text.skipSpace();
  if (text.match(/NOT\s+EXISTS/y)) return (found) => found === undefined;
  if (text.match(/EXISTS/y)) return (found) => found !== undefined;
  if (text.match(/IS\s+NULL/y)) return (found) => found === null;
  if (text.match(/IS\s+TRUE/y)) return (found) => found === true;
  if (text.match(/IS\s+FALSE/y)) return (found) => found === false;
  const operator = OPERATORS.find((sign) => text.take(sign));
  if (!operator) throw new InvalidPattern();
  const compared = readComparison(text, operator);
  // Several, where a selector stands for every item of an array: one of them will do.
  return (found) => (Array.isArray(found) ? found.some(compared) : compared(found));
}

function readComparison(text: PatternText, operator: Operator): Test {
  text.skipSpace();
  if (text.peek("%")) {
    const holds = text.regularExpression();
    return equality(operator, (value) => holds(value));
  }
  if (text.peek('"')) {
    const literal = text.quoted();
    return equality(operator, (value) => fitsStars(value, literal));
  }
  const literal = text.match(BARE_VALUE);
  if (literal === undefined) throw new InvalidPattern();
  if (!NUMBER.test(literal)) return equality(operator, (value) => fitsStars(value, literal));
  return numeric(operator, Number(literal));
}

/** Where nothing is, nothing is unequal either: NOT EXISTS asks for that. */
function equality(operator: Operator, fits: (value: string) => boolean): Test {
  if (operator !== "=" && operator !== "!=") throw new InvalidPattern();
  return (found) => {
    if (found === undefined || found === null || typeof found === "object") return false;
    return fits(String(found)) === (operator === "=");
  };
}

function numeric(operator: Operator, literal: number): Test {
  return (found) => {
    const value = typeof found === "string" && NUMBER.test(found) ? Number(found) : found;
    if (typeof value !== "number") return operator === "!=" && typeof value === "string";
    switch (operator) {
      case "=":
        return value === literal;
      case "!=":
        return value !== literal;
      case "<":
        return value < literal;
      case "<=":
        return value <= literal;
      case ">":
        return value > literal;
      case ">=":
        return value >= literal;
    }
  };
}

/** Only `*` is special. */
function fitsStars(value: string, pattern: string): boolean {
  return pattern.includes("*") ? starParts(value, pattern.split("*")) : value === pattern;
}

/** The parts between the stars, one after the other, the first and the last at their ends. */
function starParts(value: string, parts: readonly string[]): boolean {
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (!value.startsWith(first) || !value.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= value.length - last.length;
}
