/**
 * Reads the one request that must be fast: a plain Invoke with a small body. It accepts only what is beyond doubt, and
 * leaves the rest to node:http: whatever is unusual, ambiguous or not HTTP at all is `general`, never an error of its own.
 */

import { boundedMemo } from "../execution/bounded-memo.ts";
import { mayBeUrlHost } from "../functions/function-url-address.ts";
import { invokedName } from "./invoke-target.ts";
import { isHost, type RequestHead } from "./request-head.ts";

const START = "POST /2015-03-31/functions/";
const END = " HTTP/1.1";
const MAX_HEAD_BYTES = 8192;
const MAX_HEADERS = 64;
/** bytes; larger bodies cost so much more themselves that the way in does not matter */
export const MAX_PLAIN_BODY_BYTES = 65_536;

/** Headers that change what a message or a connection means, or how a browser is to be treated. */
const GENERAL: ReadonlySet<string> = new Set([
  "expect",
  "http2-settings",
  "keep-alive",
  "origin",
  "proxy-connection",
  "sec-fetch-site",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export interface PlainRequest {
  readonly head: RequestHead;
  /** Of the path, still percent-encoded. */
  readonly functionName: string;
  /** Where the body begins in the bytes, and how long it is. It may not have arrived yet. */
  readonly bodyStart: number;
  readonly bodyBytes: number;
}

/**
 * @param isSurfaceHost is something else than Lambda's API served under this Host?
 * @returns the request, `incomplete` when its head may still become one, or `general` when it is not for us
 */
export function readPlainRequest(
  bytes: Buffer,
  isSurfaceHost: (host: string) => boolean = () => false,
): PlainRequest | "incomplete" | "general" {
  const start = bytes.toString("latin1", 0, Math.min(bytes.length, START.length));
  if (!START.startsWith(start)) return "general";
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return bytes.length < MAX_HEAD_BYTES ? "incomplete" : "general";
  if (headEnd > MAX_HEAD_BYTES) return "general";
  const text = bytes.toString("latin1", 0, headEnd);
  if (!isPlainText(text)) return "general";
  const lineEnd = text.indexOf("\r\n");
  const target = lineEnd < 0 ? undefined : targetOf(text.slice(0, lineEnd));
  if (target === undefined) return "general";
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const functionName = invokedName(path);
  if (functionName === undefined) return "general";

  const rawHeaders: string[] = [];
  const headers = readHeaders(text, lineEnd + 2, rawHeaders);
  if (headers === undefined) return "general";
  const { host, connection, "content-length": length } = headers;
  if (host === undefined || !isHost(host) || mayBeUrlHost(host) || isSurfaceHost(host)) return "general";
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return "general";
  if (length === undefined || !/^[0-9]{1,5}$/.test(length)) return "general";
  const bodyBytes = Number(length);
  if (bodyBytes > MAX_PLAIN_BODY_BYTES) return "general";
  const query = question < 0 ? "" : target.slice(question + 1);
  return {
    head: { method: "POST", path, query, headers, rawHeaders },
    functionName,
    bodyStart: headEnd + 4,
    bodyBytes,
  };
}

/** Printable ASCII, and line ends that are CR LF and nothing else. */
function isPlainText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 32 && code < 127) continue;
    if (code !== 13 || text.charCodeAt(i + 1) !== 10) return false;
    i++;
  }
  return true;
}

/** Of printable ASCII with neither spaces nor a fragment, or undefined. */
function targetOf(requestLine: string): string | undefined {
  if (!requestLine.endsWith(END)) return undefined;
  const target = requestLine.slice("POST ".length, -END.length);
  return target.includes(" ") || target.includes("#") ? undefined : target;
}

/** By name in lower case; undefined when one occurs twice, has no proper name or is not plain. */
function readHeaders(text: string, from: number, raw: string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (let at = from; at < text.length; ) {
    const next = text.indexOf("\r\n", at);
    const end = next < 0 ? text.length : next;
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon >= end) return undefined;
    const written = text.slice(at, colon);
    const name = lowerCased(written);
    if (name === undefined || name in headers || GENERAL.has(name) || raw.length >= 2 * MAX_HEADERS) return undefined;
    const value = text.slice(colon + 1, end).trim();
    headers[name] = value;
    raw.push(written, value);
    at = end + 2;
  }
  return headers;
}

/** Clients write the same few names again and again. Undefined for what is no token (RFC 9110 §5.6.2). */
const lowerCased = boundedMemo(
  (name) => (name.length > 100 || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) ? undefined : name.toLowerCase()),
  1000,
);
