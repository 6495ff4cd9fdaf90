/** Heads of requests from inside a sandbox, taken apart: request line, headers, trailers. Not HTTP is undefined. */

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
  const lines = text.split("\r\n");
  const [method, path, protocol] = (lines[0] as string).split(" ");
  const headers = parseHeaders(lines);
  if (!method || !path || !protocol?.startsWith("HTTP/1.") || !headers) return undefined;
  return { text, method, path, headers };
}

/** @returns headers by lower-case name, or undefined when a line is no header */
export function parseHeaders(lines: readonly string[]): Headers | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] as string;
    const colon = line.indexOf(":");
    if (colon <= 0) return undefined;
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}
