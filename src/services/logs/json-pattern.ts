/** `{ $.user.id = 7 && ($.items[0].name = "a*" || $.error NOT EXISTS) }`: of messages that are JSON documents. */
import { Conditions } from "./pattern-conditions.ts";
import { type FilterPattern, InvalidPattern, type PatternText } from "./pattern-text.ts";

/** Names of members, places in arrays, or `*` for all items of one. */
interface Selector {
  readonly text: string;
  readonly path: readonly (string | number | typeof ALL)[];
}

const ALL = Symbol("all items");

export function jsonPattern(text: PatternText): FilterPattern {
  text.expect("{");
  const selectors: Selector[] = [];
  const condition = new Conditions(text, () => {
    const selector = readSelector(text);
    selectors.push(selector);
    return selector;
  }).read();
  text.expect("}");
  return {
    matches: (message) => {
      const document = parse(message);
      return document !== undefined && condition((selector) => find(document, selector));
    },
    extract: (message) => {
      const document = parse(message);
      const found = selectors.map((selector) => [selector.text, document && find(document, selector)] as const);
      return Object.fromEntries(
        found.filter(([, value]) => value !== undefined).map(([name, value]) => [name, print(value)]),
      );
    },
  };
}

function readSelector(text: PatternText): Selector {
  text.expect("$");
  const path: Selector["path"][number][] = [];
  let spelled = "$";
  for (;;) {
    const index = text.match(/\[(\d{1,9}|\*)\]/y);
    if (index !== undefined) {
      path.push(index === "[*]" ? ALL : Number(index.slice(1, -1)));
      spelled += index;
      continue;
    }
    const isBracketed = text.peek("['") || text.peek('["');
    if (!isBracketed && !text.peek(".")) break;
    const name = readName(text, isBracketed);
    path.push(name);
    spelled += `.${name}`;
  }
  if (path.length === 0) throw new InvalidPattern();
  return { text: spelled, path };
}

function readName(text: PatternText, isBracketed: boolean): string {
  text.expect(isBracketed ? "[" : ".");
  // `$.['a.b']` is written, too.
  const isOpened = isBracketed || text.peek("['") || text.peek('["');
  if (isOpened && !isBracketed) text.expect("[");
  const name = text.peek("'")
    ? text.quoted("'")
    : text.peek('"')
      ? text.quoted()
      : text.match(/[^\s.[\](){}=!<>&|,"']+/y);
  if (name === undefined) throw new InvalidPattern();
  if (isOpened) text.expect("]");
  return name;
}

function find(document: unknown, { path }: Selector): unknown {
  let found: unknown = document;
  let isMany = false;
  for (const step of path) {
    const values: unknown[] = isMany ? (found as unknown[]) : [found];
    const next = values.flatMap((value) => {
      if (step === ALL) return Array.isArray(value) ? value : [];
      const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, step);
      const isRight = isThere && Array.isArray(value) === (typeof step === "number");
      // In brackets: an array found is one value.
      return isRight ? [(value as Record<string | number, unknown>)[step]] : [];
    });
    isMany ||= step === ALL;
    if (next.length === 0) return undefined;
    found = isMany ? next : next[0];
  }
  return isMany || !Array.isArray(found) ? found : OPAQUE;
}

/** An array as such equals nothing. */
const OPAQUE = {};

function parse(message: string): unknown {
  // Cheaper than the exception that most lines would end in.
  if (!/^\s*[{[]/.test(message)) return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function print(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
