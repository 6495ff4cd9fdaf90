/**
 * Reads untyped values (parsed JSON, header and query text) as the model says, and refuses the rest with AWS's
 * SerializationException. The SDK's readers belong to a client and forgive a server's mistakes; a server must not
 * forgive a client's. Unknown members are ignored, as AWS does. Constraints are not checked here.
 */
import { commonError } from "./common-errors.ts";
import type { Members } from "./protocol.ts";
import type { ServiceError } from "./service-error.ts";
import type { Shape } from "./shape.ts";

/** Deeper than any AWS shape; only recursive shapes can get there. */
const MAX_DEPTH = 128;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_DATE_MS = 8.64e15;

export function serializationError(message: string, cause?: unknown): ServiceError {
  return commonError("SerializationException", message, cause);
}

/** Reads a parsed JSON value as `shape`, or a parsed value of CBOR, which has bytes and dates of its own. Null is kept inside lists and maps, for the constraints to refuse.
 * @throws ServiceError SerializationException */
export function readValue(shape: Shape, value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw serializationError("The request is nested too deeply");
  switch (shape.type) {
    case "structure":
    case "union":
      return readStructure(shape, value, depth);
    case "list":
      return readList(shape, value, depth);
    case "map":
      return readMap(shape, value, depth);
    case "document":
      return value;
    case "string":
      return typeof value === "string" ? value : refuse(value, "a String", "String");
    case "boolean":
      return typeof value === "boolean" ? value : refuse(value, "a Boolean", "Boolean");
    case "blob":
      if (value instanceof Uint8Array) return value;
      return typeof value === "string" ? readBase64(value) : refuse(value, "a Blob", "ByteBuffer");
    case "timestamp":
      return readTimestamp(shape, value);
    default:
      return readNumber(shape, value);
  }
}

/** Reads the text of a header, a query parameter or a label. Numbers and booleans are their usual text.
 * @throws ServiceError SerializationException */
export function readText(shape: Shape, text: string): unknown {
  switch (shape.type) {
    case "string":
      return text;
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      throw serializationError(`STRING_VALUE can not be converted to a Boolean`);
    case "integer":
    case "long":
      if (!/^[+-]?\d{1,19}$/.test(text)) return refuse(text, article(shape), "Integer");
      return readNumber(shape, Number(text));
    case "float":
    case "double":
      if (!/^[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?$/.test(text))
        return refuse(text, article(shape), "Double");
      return readNumber(shape, Number(text));
    case "timestamp":
      return toDate(Date.parse(text));
    case "blob":
      return readBase64(text);
    default:
      throw serializationError(`Unexpected ${shape.type} in the request line`);
  }
}

/** Refuses a JSON value that is not an object; null and nothing read as an empty structure. */
function readStructure(shape: Shape, value: unknown, depth: number): Members {
  if (Array.isArray(value)) throw serializationError("Start of list found where not expected");
  if (typeof value !== "object" || value === null) throw serializationError("Unexpected field type");
  const result: Members = {};
  for (const member of shape.members) {
    // hasOwn, since `constructor` and the like are inherited by every parsed object.
    if (!Object.hasOwn(value, member.jsonName)) continue;
    const field = (value as Members)[member.jsonName];
    if (field !== null && field !== undefined) result[member.name] = readValue(member.target, field, depth + 1);
  }
  return result;
}

function readList(shape: Shape, value: unknown, depth: number): unknown[] {
  if (!Array.isArray(value)) throw serializationError(misplaced(value));
  const target = shape.value;
  return value.map((item) => (item === null ? null : readValue(target, item, depth + 1)));
}

/** The result has no prototype: its keys are the caller's, and `__proto__` must be a key like any other. */
function readMap(shape: Shape, value: unknown, depth: number): Members {
  if (Array.isArray(value)) throw serializationError("Start of list found where not expected");
  if (typeof value !== "object" || value === null) throw serializationError("Unexpected field type");
  const target = shape.value;
  const result: Members = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    result[key] = item === null ? null : readValue(target, item, depth + 1);
  }
  return result;
}

function readNumber(shape: Shape, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) return refuse(value, article(shape), "Integer");
  const isWhole = shape.type === "integer" || shape.type === "long";
  if (!isWhole) return value;
  const fits = shape.type === "integer" ? Math.abs(value) <= MAX_INT32 : Number.isSafeInteger(value);
  if (!Number.isInteger(value) || !fits) return refuse(value, article(shape), "Integer");
  return value;
}

function readTimestamp(shape: Shape, value: unknown): Date {
  if (value instanceof Date) return toDate(value.getTime());
  if (typeof value === "number") return toDate(value * 1000);
  const isText = typeof value === "string" && shape.format !== undefined && shape.format !== "epoch-seconds";
  return isText ? toDate(Date.parse(value)) : refuse(value, "a Timestamp", "Date");
}

function toDate(timeMs: number): Date {
  if (!(Math.abs(timeMs) <= MAX_DATE_MS)) throw serializationError("Invalid timestamp");
  return new Date(Math.round(timeMs));
}

/** Node's decoder skips what is not base64, so what it drops shows in the length. */
function readBase64(text: string): Buffer {
  if (text.length % 4 !== 0) {
    throw serializationError(`Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`);
  }
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(text, "base64");
  const isUrlAlphabet = text.includes("-") || text.includes("_");
  if (isUrlAlphabet || bytes.length !== (text.length / 4) * 3 - padding) {
    throw serializationError("Invalid Base64 character");
  }
  return bytes;
}

function article(shape: Shape): string {
  const name = shape.type[0]?.toUpperCase() + shape.type.slice(1);
  return shape.type === "integer" ? `an ${name}` : `a ${name}`;
}

function misplaced(value: unknown): string {
  return typeof value === "object" ? "Start of structure or map found where not expected" : "Unexpected field type";
}

/** The texts of AWS's own parser, as seen with other JSON services of AWS (dynalite's recordings). */
function refuse(value: unknown, wanted: string, javaClass: string): never {
  if (Array.isArray(value)) throw serializationError(`Unrecognized collection type class java.lang.${javaClass}`);
  if (typeof value === "object") throw serializationError(misplaced(value));
  const kind = typeof value === "boolean" ? `${value}`.toUpperCase() : (typeof value).toUpperCase();
  throw serializationError(`${kind}_VALUE can not be converted to ${wanted}`);
}
