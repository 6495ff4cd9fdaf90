/** Headers of a request as the events of its function hold them. */
import { CREDENTIALS, HOP_BY_HOP, TOLD_BY_US, traceRoot } from "../../../wire/http-integration/request-parts.ts";
import type { SurfaceHead } from "../../../wire/http-surface.ts";

/** Names and values as they came, without those between neighbours, and with those that are ours to say. */
function told(head: SurfaceHead, bodyBytes: number, isSigned: boolean): [name: string, value: string][] {
  const headers: [string, string][] = [];
  const { rawHeaders } = head;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || TOLD_BY_US.has(lower) || (isSigned && CREDENTIALS.has(lower))) continue;
    headers.push([name, rawHeaders[i + 1] as string]);
  }
  if (bodyBytes > 0) headers.push(["Content-Length", String(bodyBytes)]);
  headers.push(["X-Amzn-Trace-Id", traceRoot(head.traceId)]);
  headers.push(["X-Forwarded-For", forwardedFor(head)]);
  headers.push(["X-Forwarded-Port", String(head.port)], ["X-Forwarded-Proto", "http"]);
  return headers;
}

/** What proxies before us have said, and whom we see. */
const forwardedFor = ({ headers, sourceIp }: SurfaceHead): string =>
  headers["x-forwarded-for"] ? `${headers["x-forwarded-for"]}, ${sourceIp}` : sourceIp;

/** By lower-case name, values of a repeated header joined by commas. Cookies stand elsewhere in the event. */
export function joinedHeaders(head: SurfaceHead, bodyBytes: number, isSigned: boolean): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of told(head, bodyBytes, isSigned)) {
    const lower = name.toLowerCase();
    if (lower === "cookie") continue;
    const before = headers.get(lower);
    headers.set(lower, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(headers);
}

export interface ListedHeaders {
  /** The last value of each. */
  readonly single: Readonly<Record<string, string>>;
  readonly multi: Readonly<Record<string, readonly string[]>>;
}

/** By name as it was first written. */
export function listedHeaders(head: SurfaceHead, bodyBytes: number, isSigned: boolean): ListedHeaders {
  const names = new Map<string, string>();
  const values = new Map<string, string[]>();
  for (const [name, value] of told(head, bodyBytes, isSigned)) {
    const lower = name.toLowerCase();
    const written = names.get(lower) ?? name;
    names.set(lower, written);
    const list = values.get(written) ?? [];
    list.push(value);
    values.set(written, list);
  }
  return { single: lastOfEach(values), multi: Object.fromEntries(values) };
}

/** Of a query, decoded. Undefined when it is empty. */
export function listedParameters(query: string): ListedHeaders | undefined {
  if (query === "") return undefined;
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const list = values.get(name) ?? [];
    list.push(value);
    values.set(name, list);
  }
  return { single: lastOfEach(values), multi: Object.fromEntries(values) };
}

const lastOfEach = (values: ReadonlyMap<string, readonly string[]>): Record<string, string> =>
  Object.fromEntries([...values].map(([name, list]) => [name, list.at(-1) ?? ""]));
