/**
 * Regular expressions of an API's owner, matched with what callers send: by RE2, whose time grows with the text only.
 * What RE2 does not have (lookaround, back references) is refused when the API is made.
 */
import { RE2JS } from "re2js";

export interface OwnerPattern {
  /** The whole text, as API Gateway asks. */
  matches(text: string): boolean;
}

/** Lets nothing through that cannot be read. */
export function ownerPattern(expression: string): OwnerPattern {
  return compiled(expression) ?? { matches: () => false };
}

export const isOwnerPattern = (expression: string): boolean => compiled(expression) !== undefined;

function compiled(expression: string): OwnerPattern | undefined {
  try {
    const pattern = RE2JS.compile(expression);
    return { matches: (text) => pattern.matches(text) };
  } catch {
    return undefined;
  }
}
