/**
 * Filter patterns of CloudWatch Logs: of terms, of the fields of a line, of the members of a JSON document. Read once, then
 * asked about messages. Whatever a caller writes, the time that a message takes grows with its length only.
 */
import { jsonPattern } from "./json-pattern.ts";
import { type FilterPattern, InvalidPattern, PatternText } from "./pattern-text.ts";
import { spacePattern } from "./space-pattern.ts";
import { termPattern } from "./term-pattern.ts";

export { type FilterPattern, InvalidPattern } from "./pattern-text.ts";

/** @throws InvalidPattern */
export function parseFilterPattern(pattern: string): FilterPattern {
  const text = new PatternText(pattern.trim());
  const read = text.peek("{") ? jsonPattern : text.peek("[") ? spacePattern : termPattern;
  const { matches, extract } = read(text);
  if (!text.isAtEnd) throw new InvalidPattern();
  return {
    matches: (message) => matches(withoutNewline(message)),
    extract: (message) => extract(withoutNewline(message)),
  };
}

/** What functions write ends with one, which no `$` should have to know of. */
function withoutNewline(message: string): string {
  return message.endsWith("\n") ? message.slice(0, -1) : message;
}
