/** The text of a filter pattern, read from left to right, and what reading one yields. */
import { RE2JS } from "re2js";

export interface FilterPattern {
  matches(message: string): boolean;
  /** What the pattern's own names and selectors stand for in a message. */
  extract(message: string): Readonly<Record<string, string>>;
}

/** The pattern cannot be read. */
export class InvalidPattern extends Error {
  override readonly name = "InvalidPattern";

  constructor() {
    super("Invalid filter pattern");
  }
}

const MOST_REGULAR_EXPRESSIONS = 2;
/** What AWS's guide allows in them: no groups, no bytes beyond ASCII. */
const REGULAR_EXPRESSION = /^[A-Za-z0-9:_#=@/;,\- ^$?[\]{}|\\*+.]+$/;

export class PatternText {
  readonly #text: string;
  #at = 0;
  #regularExpressions = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    this.skipSpace();
    return this.#at === this.#text.length;
  }

  skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  /** Is this what comes next? */
  peek(what: string): boolean {
    return this.#text.startsWith(what, this.#at);
  }

  /** Take it if it comes next, behind any space. */
  take(what: string): boolean {
    this.skipSpace();
    if (!this.peek(what)) return false;
    this.#at += what.length;
    return true;
  }

  /** @throws InvalidPattern when something else comes */
  expect(what: string): void {
    if (!this.take(what)) throw new InvalidPattern();
  }

  /** @param what sticky @returns what fits, undefined when nothing does */
  match(what: RegExp): string | undefined {
    what.lastIndex = this.#at;
    const [found] = what.exec(this.#text) ?? [];
    if (found === undefined || found === "") return undefined;
    this.#at += found.length;
    return found;
  }

  /** `"..."`, of which the first quote comes next. */
  quoted(quote = '"'): string {
    let value = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const letter = this.#text[at] as string;
      if (letter === quote) {
        this.#at = at + 1;
        return value;
      }
      const next = this.#text[at + 1];
      const isEscape = letter === "\\" && (next === quote || next === "\\");
      if (isEscape) at++;
      value += isEscape ? next : letter;
    }
    throw new InvalidPattern();
  }

  /** `%...%`, of which the first sign comes next. @returns whether a text holds it */
  regularExpression(): (text: string) => boolean {
    const end = this.#text.indexOf("%", this.#at + 1);
    const source = this.#text.slice(this.#at + 1, Math.max(end, this.#at + 1));
    if (++this.#regularExpressions > MOST_REGULAR_EXPRESSIONS || !REGULAR_EXPRESSION.test(source)) {
      throw new InvalidPattern();
    }
    this.#at = end + 1;
    try {
      // RE2: no text makes it go back and forth.
      const compiled = RE2JS.compile(source);
      return (text) => compiled.matcher(text).find();
    } catch {
      throw new InvalidPattern();
    }
  }
}
