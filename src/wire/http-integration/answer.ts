/**
 * What a function returned, as an HTTP response: an object with a statusCode says itself what it is to be, anything else is
 * a JSON document (contract/05 §1).
 */
import { jsonFault } from "../json-validity.ts";
import { compactJson } from "./compact-json.ts";
import { answerHead, MalformedAnswer } from "./response-headers.ts";

export interface FunctionAnswer {
  readonly status: number;
  /** Names and values, complete but for CORS and what every answer has. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const NOTHING = Buffer.alloc(0);
const JSON_TYPE: readonly string[] = ["Content-Type", "application/json"];
const QUOTE = 34;
const BRACE = 123;

/**
 * @param payload as the function returned it
 * @param ownsCors there are CORS settings: the function's own CORS headers give way to them
 * @param defaultType the header Content-Type of an answer with a statusCode that names none
 * @throws MalformedAnswer
 */
export function answerOf(
  payload: Buffer,
  ownsCors: boolean,
  defaultType: readonly string[] = JSON_TYPE,
): FunctionAnswer {
  const document = payload[firstOf(payload)] === BRACE ? parsed(payload) : undefined;
  if (isObject(document) && document.statusCode !== undefined) {
    const head = answerHead(document, ownsCors);
    const body = bodyOf(document.body, document.isBase64Encoded);
    return { ...head, headers: head.hasType ? head.headers : [...defaultType, ...head.headers], body };
  }
  return { status: 200, headers: JSON_TYPE, body: inferredBody(payload) };
}

/** A returned string is the body itself, another document without its white space, and what is no JSON as it is. */
function inferredBody(payload: Buffer): Buffer {
  if (jsonFault(payload) !== undefined) return payload;
  if (payload[firstOf(payload)] !== QUOTE) return compactJson(payload);
  return Buffer.from(String(parsed(payload)));
}

function bodyOf(body: unknown, isBase64Encoded: unknown): Buffer {
  const isEncoded = isBase64Encoded ?? false;
  if (typeof isEncoded !== "boolean") throw new MalformedAnswer("isBase64Encoded is neither true nor false");
  if (body === undefined || body === null) return NOTHING;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  if (!isEncoded) return Buffer.from(text);
  // Node's decoder skips what is not base64.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 === 1) throw new MalformedAnswer("body is not base64");
  return Buffer.from(text, "base64");
}

function firstOf(payload: Buffer): number {
  let index = 0;
  while (isSpace(payload[index])) index += 1;
  return index;
}

const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

/** Undefined for what is no JSON: runtimes of one's own may answer anything. */
function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
