/** Which records pass a mapping's filter criteria: any of its patterns suffices (contract/04 §7). */
import { LAMBDA_FILTER } from "../functions/event-pattern.ts";
import { asksOf, matchesEventPattern, parseEvent } from "../functions/event-pattern-match.ts";
import { parseEventPattern } from "../functions/event-pattern-parser.ts";

/** The record as its event has it; `body` is the text in the member that patterns look into. */
export type Passes = (record: Readonly<Record<string, unknown>>, body: string) => boolean;

/**
 * @param patterns texts that were checked; undefined: everything passes
 * @param member the name of the body in patterns: `body`, `data`, `value`
 */
export function filterOf(patterns: readonly string[] | undefined, member: string): Passes {
  if (!patterns || patterns.length === 0) return () => true;
  const filters = patterns.map((text) => passesOf(text, member));
  return (record, body) => filters.some((passes) => passes(record, body));
}

function passesOf(text: string, member: string): Passes {
  const pattern = parseEventPattern(text, LAMBDA_FILTER);
  const asks = asksOf(pattern, member);
  return (record, body) => {
    if (asks === undefined) return matchesEventPattern(pattern, record);
    const document = documentOf(body);
    // A text for a pattern of JSON, or JSON for a pattern of texts: neither passes.
    if ((asks === "inside") !== (document !== undefined)) return false;
    return matchesEventPattern(pattern, { ...record, [member]: document ?? body });
  };
}

/** What a JSON text says, if that is an object or a list: other texts are plain. */
function documentOf(body: string): object | undefined {
  if (!/^\s*[[{]/.test(body)) return undefined;
  try {
    return parseEvent(body) as object;
  } catch {
    return undefined;
  }
}
