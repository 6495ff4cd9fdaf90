/**
 * JSON with the place of each value, read from a text: for those who must say where something is wrong, see numbers as
 * they were written, and members that are there twice. Its complaints are those of the parser that AWS uses (Jackson).
 */

export interface JsonMember {
  readonly name: string;
  readonly value: JsonNode;
}

interface Placed {
  /** Offset of its first character, and behind its last. */
  readonly start: number;
  readonly end: number;
}

export type JsonNode = Placed &
  (
    | { readonly kind: "object"; readonly members: readonly JsonMember[] }
    | { readonly kind: "array"; readonly items: readonly JsonNode[] }
    | { readonly kind: "string"; readonly text: string }
    /** The text as written. */
    | { readonly kind: "number"; readonly text: string }
    | { readonly kind: "literal"; readonly value: boolean | null }
  );

export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  /** Offset up to which the text was read. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** As Jackson writes places, e.g. `[Source: (String)"{}"; line: 1, column: 3]`. */
export function placeIn(source: string, offset: number): string {
  const before = source.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - (before.lastIndexOf("\n") + 1) + 1;
  const more = source.length - SHOWN;
  const shown = `"${source.slice(0, SHOWN)}"${more > 0 ? `[truncated ${more} chars]` : ""}`;
  return `[Source: (String)${shown}; line: ${line}, column: ${column}]`;
}

/** Of the source, in places. */
const SHOWN = 500;
/** Levels: deeper ones could exhaust the stack of whoever walks them. Jackson's own limit. */
const DEEPEST = 1000;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NUMBER_START = /[-\d]/;
const WORD = /[\p{L}\p{N}_$]+/uy;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON forbids in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** The value at the beginning of the text; undefined when there is none. @throws JsonSyntaxError */
export function readJson(source: string): JsonNode | undefined {
  const reader = new Reader(source);
  return reader.isAtEnd() ? undefined : reader.value(0);
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  isAtEnd(): boolean {
    this.#match(SPACE);
    return this.#at >= this.#source.length;
  }

  value(depth: number): JsonNode {
    const start = this.#at;
    const first = this.#source[start] ?? "";
    if (depth > DEEPEST) this.#refuse(`Document nesting depth (${depth}) exceeds the maximum allowed (${DEEPEST})`);
    if (first === "{") return this.#object(start, depth);
    if (first === "[") return this.#array(start, depth);
    if (first === '"') return { kind: "string", text: this.#string(), start, end: this.#at };
    if (NUMBER_START.test(first)) return this.#number(start);
    const word = this.#match(WORD);
    const literal = LITERALS.get(word);
    if (literal !== undefined) return { kind: "literal", value: literal, start, end: this.#at };
    if (word === "")
      this.#unexpected(
        "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
      );
    return this.#refuse(
      `Unrecognized token '${word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`,
    );
  }

  #object(start: number, depth: number): JsonNode {
    const members: JsonMember[] = [];
    this.#at += 1;
    for (let isFirst = true; ; isFirst = false) {
      this.#expectMore("Object", start);
      if (isFirst && this.#take("}")) break;
      if (this.#source[this.#at] !== '"') this.#unexpected("was expecting double-quote to start field name");
      const name = this.#string();
      this.#expectMore("Object", start);
      if (!this.#take(":")) this.#unexpected("was expecting a colon to separate field name and value");
      this.#expectMore("Object", start);
      members.push({ name, value: this.value(depth + 1) });
      this.#expectMore("Object", start);
      if (this.#take("}")) break;
      if (!this.#take(",")) this.#unexpected("was expecting comma to separate Object entries");
    }
    return { kind: "object", members, start, end: this.#at };
  }

  #array(start: number, depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.#at += 1;
    for (let isFirst = true; ; isFirst = false) {
      this.#expectMore("Array", start);
      if (isFirst && this.#take("]")) break;
      items.push(this.value(depth + 1));
      this.#expectMore("Array", start);
      if (this.#take("]")) break;
      if (!this.#take(",")) this.#unexpected("was expecting comma to separate Array entries");
    }
    return { kind: "array", items, start, end: this.#at };
  }

  #number(start: number): JsonNode {
    const text = this.#match(NUMBER);
    if (text === "") {
      this.#at += 1;
      this.#unexpected("expected digit (0-9) to follow minus sign, for valid numeric value", " in numeric value");
    }
    const next = this.#source[this.#at] ?? "";
    if (/^-?0$/.test(text) && /\d/.test(next)) this.#refuse("Invalid numeric value: Leading zeroes not allowed", 1);
    if (next === ".") {
      this.#at += 1;
      this.#unexpected("Decimal point not followed by a digit", " in numeric value");
    }
    return { kind: "number", text, start, end: this.#at };
  }

  /** Behind its opening quote up to and with the closing one. */
  #string(): string {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      this.#match(PLAIN);
      const next = this.#source[this.#at];
      if (next === undefined) this.#refuse("Unexpected end-of-input: was expecting closing quote for a string value");
      this.#at += next === "\\" ? 2 : 1;
      if (next === '"') break;
      if (next !== "\\") {
        const code = next?.charCodeAt(0);
        this.#refuse(
          `Illegal unquoted character ((CTRL-CHAR, code ${code})): has to be escaped using backslash to be included in string value`,
        );
      }
      this.#escape();
    }
    return JSON.parse(this.#source.slice(start, this.#at));
  }

  /** What follows a backslash; only checked here. */
  #escape(): void {
    const letter = this.#source[this.#at - 1];
    if (letter === undefined) this.#refuse("Unexpected end-of-input in character escape sequence");
    if (letter === "u") {
      const digits = this.#source.slice(this.#at, this.#at + 4);
      if (!/^[\da-fA-F]{4}$/.test(digits)) this.#unexpected("expected a hex-digit for character escape sequence");
      this.#at += 4;
    } else if (letter !== undefined && !'"\\/bfnrt'.includes(letter)) {
      this.#refuse(`Unrecognized character escape '${letter}' (code ${letter.charCodeAt(0)})`);
    }
  }

  #expectMore(kind: "Array" | "Object", start: number): void {
    if (!this.isAtEnd()) return;
    const marker = placeIn(this.#source, start);
    this.#refuse(`Unexpected end-of-input: expected close marker for ${kind} (start marker at ${marker})`);
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #unexpected(wanted: string, where = ""): never {
    const character = this.#source[this.#at];
    if (character === undefined) this.#refuse("Unexpected end-of-input within/between JSON entries");
    const shown = `Unexpected character ('${character}' (code ${character?.charCodeAt(0)}))`;
    return this.#refuse(`${shown}${where}: ${wanted}`, 1);
  }

  /** @param ahead characters that were looked at, too */
  #refuse(message: string, ahead = 0): never {
    throw new JsonSyntaxError(message, Math.min(this.#at + ahead, this.#source.length));
  }
}
