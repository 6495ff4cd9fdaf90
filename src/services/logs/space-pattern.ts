/** `[ip, user, ..., status = 4* || status = 5*, bytes > 1000]`: of messages whose fields are separated by spaces. */
import { type Condition, Conditions } from "./pattern-conditions.ts";
import { type FilterPattern, InvalidPattern, type PatternText } from "./pattern-text.ts";

interface Field {
  readonly name: string;
  readonly condition?: Condition<string>;
}

export function spacePattern(text: PatternText): FilterPattern {
  const { before, behind, isOpen } = readFields(text);

  /** @returns each field with its value; undefined when their number is another */
  function assigned(message: string): (readonly [Field, string])[] | undefined {
    const values = fieldsOf(message);
    const missing = before.length + behind.length - values.length;
    if (missing > 0 || (missing < 0 && !isOpen)) return undefined;
    const from = values.length - behind.length;
    return [
      ...before.map((field, index) => [field, values[index] ?? ""] as const),
      ...behind.map((field, index) => [field, values[from + index] ?? ""] as const),
    ];
  }

  return {
    matches: (message) =>
      assigned(message)?.every(([{ condition }, value]) => condition === undefined || condition(() => value)) ?? false,
    extract: (message) => Object.fromEntries((assigned(message) ?? []).map(([{ name }, value]) => [`$${name}`, value])),
  };
}

function readFields(text: PatternText) {
  const before: Field[] = [];
  const behind: Field[] = [];
  let isOpen = false;
  text.expect("[");
  do {
    if (text.take("...")) {
      if (isOpen) throw new InvalidPattern();
      isOpen = true;
    } else (isOpen ? behind : before).push(readField(text, before.length + behind.length + 1));
  } while (text.take(","));
  text.expect("]");
  return { before, behind, isOpen };
}

/** A name, or conditions on it. Without a name it is called by its place. */
function readField(text: PatternText, place: number): Field {
  text.skipSpace();
  if (text.peek(",") || text.peek("]")) return { name: String(place) };
  const plain = text.match(/[\w.-]+(?=\s*[,\]])/y);
  if (plain !== undefined) return { name: plain };
  let name: string | undefined;
  const condition = new Conditions(text, () => {
    text.skipSpace();
    const found = text.match(/[A-Za-z_][\w.-]*/y);
    if (found === undefined || (name !== undefined && found !== name)) throw new InvalidPattern();
    name = found;
    return found;
  }).read();
  return { name: name ?? String(place), condition };
}

/** What stands in quotes or brackets is one field, without them. */
function fieldsOf(message: string): string[] {
  const fields: string[] = [];
  // Looked for once more only behind the last that was found: no message takes longer than its length.
  const closing = { "[": -1, '"': -1 };
  for (let at = 0; at < message.length; at++) {
    if (isSpace(message, at)) continue;
    const open = message[at];
    const close = open === "[" || open === '"' ? closingOf(message, open, at, closing) : Number.POSITIVE_INFINITY;
    if (close < message.length) {
      fields.push(message.slice(at + 1, close));
      at = close;
      continue;
    }
    const from = at;
    while (at < message.length && !isSpace(message, at)) at++;
    fields.push(message.slice(from, at));
  }
  return fields;
}

function closingOf(message: string, open: "[" | '"', at: number, closing: Record<"[" | '"', number>): number {
  if (closing[open] <= at) {
    const found = message.indexOf(open === "[" ? "]" : '"', at + 1);
    closing[open] = found < 0 ? Number.POSITIVE_INFINITY : found;
  }
  return closing[open];
}

function isSpace(message: string, at: number): boolean {
  const code = message.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13);
}
