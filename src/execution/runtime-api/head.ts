/** Heads of requests from inside a sandbox, taken apart: request line, headers, trailers. Not HTTP is undefined. */

import { boundedMemo } from "../bounded-memo.ts";

/** By name in lower case. */
export type Headers = Readonly<Record<string, string>>;

export interface Head {
  readonly text: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** @returns undefined for what is no head of an HTTP/1 request */
export function parseHead(text: string): Head | undefined {
  const lineEnd = text.indexOf("\r\n");
  const [method, path, protocol] = (lineEnd < 0 ? text : text.slice(0, lineEnd)).split(" ");
  const headers = lineEnd < 0 ? Object.create(null) : parseHeaders(text, lineEnd + 2);
  if (!method || !path || !protocol?.startsWith("HTTP/1.") || !headers) return undefined;
  return { text, method, path, headers };
}

/**
 * @param text header lines with line ends between them
 * @param from where the first of them begins
 * @returns headers by lower-case name, or undefined when a line is no header
 */
export function parseHeaders(text: string, from = 0): Headers | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (let at = from; at < text.length; ) {
    const next = text.indexOf("\r\n", at);
    const end = next < 0 ? text.length : next;
    const colon = text.indexOf(":", at);
    if (colon <= at || colon >= end) return undefined;
    headers[lowerCased(text.slice(at, colon))] = text.slice(colon + 1, end).trim();
    at = end + 2;
  }
  return headers;
}

/** Runtimes write the same few names again and again. */
const lowerCased = boundedMemo((name) => name.toLowerCase(), 500, 100);
