/**
 * Is a payload JSON? Answered from the bytes, without building a value: payloads are passed on untouched, and parsing
 * six megabytes to throw the result away would stall everyone else. Strict RFC 8259, nesting limited as by Jackson.
 */
import { isUtf8 } from "node:buffer";

const MAX_DEPTH = 1000;
const OBJECT = 1;
const LITERALS = [Buffer.from("true"), Buffer.from("false"), Buffer.from("null")];

const isSpace = (code: number | undefined): boolean => code === 32 || code === 10 || code === 13 || code === 9;
const isDigit = (code: number | undefined): boolean => code !== undefined && code >= 48 && code <= 57;

/** What is wrong and at which byte. */
export interface JsonFault {
  readonly offset: number;
  readonly message: string;
}

/** @returns undefined for valid JSON */
export function jsonFault(bytes: Uint8Array): JsonFault | undefined {
  const fault = syntaxFault(bytes);
  if (fault !== undefined || isUtf8(bytes)) return fault;
  return { offset: 0, message: "Invalid UTF-8" };
}

function syntaxFault(bytes: Uint8Array): JsonFault | undefined {
  const length = bytes.length;
  const containers = new Uint8Array(MAX_DEPTH + 1);
  let depth = 0;
  let at = 0;
  /** A value may stand here; otherwise a comma or the end of a container. */
  let expectsValue = true;
  for (;;) {
    while (isSpace(bytes[at])) at++;
    if (at >= length) break;
    const code = bytes[at] as number;
    if (expectsValue) {
      if (code === 123 || code === 91) {
        if (depth >= MAX_DEPTH) return nestedTooDeeply(at);
        containers[++depth] = code === 123 ? OBJECT : 0;
        at++;
        while (isSpace(bytes[at])) at++;
        if (bytes[at] === (code === 123 ? 125 : 93)) {
          depth--;
          at++;
          expectsValue = false;
        } else if (code === 123) {
          at = skipName(bytes, at);
          if (at < 0) return unexpected(bytes, -at - 1);
        }
        continue;
      }
      const next = skipScalar(bytes, at);
      if (next < 0) return unexpected(bytes, -next - 1);
      at = next;
      expectsValue = false;
    } else if (depth > 0 && code === 44) {
      at++;
      expectsValue = true;
      if (containers[depth] === OBJECT) {
        while (isSpace(bytes[at])) at++;
        at = skipName(bytes, at);
        if (at < 0) return unexpected(bytes, -at - 1);
      }
    } else if (depth > 0 && code === (containers[depth] === OBJECT ? 125 : 93)) {
      depth--;
      at++;
    } else {
      return unexpected(bytes, at);
    }
  }
  return depth > 0 || expectsValue ? unexpected(bytes, length) : undefined;
}

/** Past a string and its colon; the bitwise-like -(offset)-1 of a fault. */
function skipName(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== 34) return -from - 1;
  let at = skipString(bytes, from);
  if (at < 0) return at;
  while (isSpace(bytes[at])) at++;
  return bytes[at] === 58 ? at + 1 : -at - 1;
}

function skipScalar(bytes: Uint8Array, from: number): number {
  const code = bytes[from] as number;
  if (code === 34) return skipString(bytes, from);
  if (code === 45 || isDigit(code)) return skipNumber(bytes, from);
  for (const literal of LITERALS) {
    if (code !== literal[0]) continue;
    for (let i = 1; i < literal.length; i++) if (bytes[from + i] !== literal[i]) return -from - 1;
    return from + literal.length;
  }
  return -from - 1;
}

function skipString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  for (;;) {
    const code = bytes[at];
    if (code === 34) return at + 1;
    if (code === undefined || code < 32) return -at - 1;
    if (code !== 92) {
      at++;
      continue;
    }
    const escaped = bytes[at + 1];
    if (escaped === 117) {
      for (let i = 2; i < 6; i++) if (!isHexDigit(bytes[at + i])) return -(at + i) - 1;
      at += 6;
    } else if (escaped !== undefined && '"\\/bfnrt'.includes(String.fromCharCode(escaped))) {
      at += 2;
    } else {
      return -(at + 1) - 1;
    }
  }
}

function isHexDigit(code: number | undefined): boolean {
  if (code === undefined) return false;
  const letter = code | 32;
  return isDigit(code) || (letter >= 97 && letter <= 102);
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === 45 ? from + 1 : from;
  if (!isDigit(bytes[at])) return -at - 1;
  if (bytes[at] === 48) at++;
  else while (isDigit(bytes[at])) at++;
  if (bytes[at] === 46) {
    at++;
    if (!isDigit(bytes[at])) return -at - 1;
    while (isDigit(bytes[at])) at++;
  }
  if (((bytes[at] ?? 0) | 32) === 101) {
    at++;
    if (bytes[at] === 43 || bytes[at] === 45) at++;
    if (!isDigit(bytes[at])) return -at - 1;
    while (isDigit(bytes[at])) at++;
  }
  return at;
}

const nestedTooDeeply = (offset: number): JsonFault => ({
  offset,
  message: `Document nesting depth (${MAX_DEPTH + 1}) exceeds the maximum allowed (${MAX_DEPTH}, from \`StreamReadConstraints.getMaxNestingDepth()\`)`,
});

/** In the words of Jackson, which Lambda's callers see (contract/03 §2). */
function unexpected(bytes: Uint8Array, offset: number): JsonFault {
  const code = bytes[offset];
  if (code === undefined) return { offset, message: "Unexpected end-of-input" };
  const token = /^[A-Za-z_][A-Za-z0-9_]{0,63}/.exec(
    Buffer.from(bytes.subarray(offset, offset + 64)).toString("latin1"),
  );
  if (token) {
    const expected = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    return { offset, message: `Unrecognized token '${token[0]}': ${expected}` };
  }
  const shown = code >= 32 && code < 127 ? `'${String.fromCharCode(code)}' (code ${code})` : `(code ${code})`;
  return { offset, message: `Unexpected character (${shown})` };
}

/** Line and column, from 1, of a byte. */
export function positionOf(bytes: Uint8Array, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < offset && i < bytes.length; i++) {
    if (bytes[i] !== 10) continue;
    line++;
    lineStart = i + 1;
  }
  return { line, column: offset - lineStart + 1 };
}
