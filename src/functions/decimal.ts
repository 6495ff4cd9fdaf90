/** Numbers exactly as JSON writes them: compared by value, of any size and with any number of digits. */

export interface Decimal {
  /** -1, 0 or 1 */
  readonly sign: number;
  /** Without zeros in front or behind; empty for zero. */
  readonly digits: string;
  /** The value is 0.DIGITS × 10^magnitude. */
  readonly magnitude: number;
}

const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** @returns undefined when the text is no number of JSON */
export function parseDecimal(text: string): Decimal | undefined {
  const [, minus, whole = "", fraction = "", exponent = "0"] = PARTS.exec(text) ?? [];
  if (minus === undefined) return undefined;
  const all = whole + fraction;
  let first = 0;
  while (all[first] === "0") first += 1;
  let end = all.length;
  while (end > first && all[end - 1] === "0") end -= 1;
  const digits = all.slice(first, end);
  if (digits === "") return { sign: 0, digits, magnitude: 0 };
  return { sign: minus ? -1 : 1, digits, magnitude: whole.length - first + Number(exponent) };
}

/** Negative, zero or positive, as for sort(). */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.magnitude !== b.magnitude) return a.sign * (a.magnitude < b.magnitude ? -1 : 1);
  if (a.digits === b.digits) return 0;
  return a.sign * (a.digits < b.digits ? -1 : 1);
}
