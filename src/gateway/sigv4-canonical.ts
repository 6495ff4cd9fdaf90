/**
 * The canonical request of Signature Version 4: one spelling for every way to write the same request. Knows no keys.
 * The usual request (plain path, no query, no repeated header) takes the short way through each function.
 */
import { hash } from "node:crypto";

/** The parts of a request that a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Raw, still percent-encoded. */
  readonly path: string;
  /** Raw query without the `?`. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name, value, name, value ... as received: repeated headers are canonical only from here. */
  readonly rawHeaders: readonly string[];
}

const HEX = "0123456789ABCDEF";

/** Letters, digits and `-._~`: what stays as it is in paths and queries. */
function isUnreserved(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 45 ||
    code === 46 ||
    code === 95 ||
    code === 126
  );
}

function isPlain(text: string, alsoPlain: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isUnreserved(code) && code !== alsoPlain) return false;
  }
  return true;
}

function encodeBytes(bytes: Uint8Array, alsoPlain: number): string {
  let encoded = "";
  for (const byte of bytes) {
    if (isUnreserved(byte) || byte === alsoPlain) encoded += String.fromCharCode(byte);
    else encoded += `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return encoded;
}

/** Percent-encode all but unreserved characters, as AWS's UriEncode. */
export function uriEncode(text: string): string {
  return isPlain(text, -1) ? text : encodeBytes(Buffer.from(text), -1);
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The bytes a percent-encoded text stands for; a `%` that encodes nothing stands for itself. */
function decodeBytes(text: string): Uint8Array {
  const raw = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    const code = raw[i] ?? 0;
    const high = code === 37 ? hexDigit(raw[i + 1] ?? 0) : -1;
    const low = high >= 0 ? hexDigit(raw[i + 2] ?? 0) : -1;
    if (low >= 0) i += 2;
    bytes[length++] = low >= 0 ? high * 16 + low : code;
  }
  return bytes.subarray(0, length);
}

const reencode = (text: string): string => (isPlain(text, -1) ? text : encodeBytes(decodeBytes(text), -1));

/** Without empty and dot segments. A slash at the end stays. */
function normalizePath(path: string): string {
  if (!path.includes("//") && !path.includes("/.")) return path;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  const joined = `/${segments.join("/")}`;
  return path.endsWith("/") && segments.length > 0 ? `${joined}/` : joined;
}

/** @param service S3 signs its paths encoded once and as they are, all others normalised and encoded twice */
export function canonicalPath(path: string, service: string): string {
  if (service === "s3") return isPlain(path, 47) ? path : encodeBytes(decodeBytes(path), 47);
  const normalized = normalizePath(path);
  return isPlain(normalized, 47) ? normalized : encodeBytes(Buffer.from(normalized), 47);
}

/** Parameters re-encoded and sorted, without the signature itself. */
export function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs: [string, string][] = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = reencode(equals < 0 ? part : part.slice(0, equals));
    if (name === "X-Amz-Signature") continue;
    pairs.push([name, equals < 0 ? "" : reencode(part.slice(equals + 1))]);
  }
  if (pairs.length > 1) pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Trimmed, with runs of spaces as one. */
function canonicalValue(value: string): string {
  const trimmed = value.trim();
  if (!trimmed.includes("  ")) return trimmed;
  return trimmed
    .split(" ")
    .filter((word) => word !== "")
    .join(" ");
}

/** As it is signed: of repeated headers all values. */
export function headerValue(request: SignedRequest, name: string): string | undefined {
  const value = request.headers[name];
  // Node joins repeated headers with ", ", AWS with ",": only a value with a comma can be such a join.
  if (typeof value === "string" && !value.includes(",")) return canonicalValue(value);
  const values: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === name) values.push(canonicalValue(request.rawHeaders[i + 1] ?? ""));
  }
  return values.length === 0 ? undefined : values.join(",");
}

/**
 * The canonical request's SHA-256, in hexadecimal.
 * @param signedHeaders lower case, in the order of the signature
 */
export function canonicalRequestHash(
  request: SignedRequest,
  service: string,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  let text = `${request.method}\n${canonicalPath(request.path, service)}\n${canonicalQuery(request.query)}\n`;
  for (const name of signedHeaders) text += `${name}:${headerValue(request, name) ?? ""}\n`;
  text += `\n${signedHeaders.join(";")}\n${payloadHash}`;
  return hash("sha256", text, "hex");
}
