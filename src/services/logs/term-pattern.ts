/** `ERROR "exact phrase" -excluded`, or `?any ?of ?these`, or `%regular expression%`. Letters count as they are. */
import { type FilterPattern, InvalidPattern, type PatternText } from "./pattern-text.ts";

type Test = (message: string) => boolean;

export function termPattern(text: PatternText): FilterPattern {
  const required: Test[] = [];
  const excluded: Test[] = [];
  const optional: Test[] = [];
  while (!text.isAtEnd) {
    const list = text.take("?") ? optional : text.take("-") ? excluded : required;
    list.push(term(text));
  }
  const isOptional = required.length === 0 && excluded.length === 0 && optional.length > 0;
  return {
    // Beside other terms optional ones are ignored, as AWS's guide says.
    matches: isOptional
      ? (message) => optional.some((test) => test(message))
      : (message) => required.every((test) => test(message)) && !excluded.some((test) => test(message)),
    extract: () => ({}),
  };
}

function term(text: PatternText): Test {
  if (text.peek("%")) return text.regularExpression();
  const word = text.peek('"') ? text.quoted() : text.match(/[^\s"%]+/y);
  if (word === undefined || word === "") throw new InvalidPattern();
  return (message) => message.includes(word);
}
