/** AWS's basic ISO 8601 form of time, `20150830T123600Z`, both ways. */

/** @param ms milliseconds since 1970 */
export function formatAmzDate(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

/** @returns milliseconds since 1970, or undefined when the text is not a time in this form */
export function parseAmzDate(text: string): number | undefined {
  if (text.length !== 16 || text[8] !== "T" || text[15] !== "Z") return undefined;
  for (let i = 0; i < 15; i++) {
    const code = text.charCodeAt(i);
    if (i !== 8 && (code < 48 || code > 57)) return undefined;
  }
  const part = (from: number, to: number): number => Number(text.slice(from, to));
  const [month, day, hour, minute, second] = [part(4, 6), part(6, 8), part(9, 11), part(11, 13), part(13, 15)];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Date.UTC(part(0, 4), month - 1, day, hour, minute, second);
  // A day that the month does not have rolls over into the next.
  return new Date(ms).getUTCDate() === day ? ms : undefined;
}
