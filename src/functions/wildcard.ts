/** Texts with `*` for anything, `\*` and `\\` for themselves, as event patterns have them. Matched in linear time. */

export interface Wildcard {
  /** What must come in this order, with anything between two of them. One alone is the whole text. */
  readonly parts: readonly string[];
}

/** Or why it is none, in AWS's words. */
export function parseWildcard(text: string): Wildcard | string {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "*") {
      if (text[at + 1] === "*") return `Consecutive wildcard characters at pos ${at + 1}`;
      parts.push(part);
      part = "";
    } else if (character === "\\") {
      const escaped = text[at + 1];
      if (escaped !== "*" && escaped !== "\\") return `Invalid escape character at pos ${at + 1}`;
      part += escaped;
      at += 1;
    } else part += character;
  }
  return { parts: [...parts, part] };
}

export function matchesWildcard({ parts }: Wildcard, text: string): boolean {
  const first = parts[0] ?? "";
  if (parts.length === 1) return text === first;
  const last = parts[parts.length - 1] ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
