/** Parts of an HTTP request as the events of functions hold them, whatever the event's format. */
import { isUtf8 } from "node:buffer";

/** Between two neighbours on the way, not between caller and function. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Ours to say: a function may rely on them. */
export const TOLD_BY_US: ReadonlySet<string> = new Set([
  "content-length",
  "x-amzn-tls-cipher-suite",
  "x-amzn-tls-version",
  "x-amzn-trace-id",
  "x-forwarded-for",
  "x-forwarded-port",
  "x-forwarded-proto",
]);
/** What proved to the region who calls is not for the function to hold. */
export const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "x-amz-security-token"]);

const TEXT_TYPES: readonly string[] = ["application/json", "application/xml", "application/javascript"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The media type of a Content-Type, without its parameters. */
export const mediaType = (contentType = ""): string => contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** What is compressed, or no text in truth, would be broken as text. @param headers by lower-case name */
export function isTextBody(headers: Readonly<Record<string, string | undefined>>, body: Buffer): boolean {
  if (headers["content-encoding"] !== undefined) return false;
  const type = mediaType(headers["content-type"]);
  return (type.startsWith("text/") || TEXT_TYPES.includes(type)) && isUtf8(body);
}

/** Each cookie of a Cookie header; undefined when there is none. */
export function cookiesOf(header: string | undefined): string[] | undefined {
  const cookies = (header ?? "")
    .split(";")
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== "");
  return cookies.length > 0 ? cookies : undefined;
}

/** Decoded; values of a repeated name joined by commas. */
export function joinedParameters(query: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

/** The root of an X-Ray header alone, as AWS passes it in events; the whole header comes by the Runtime API. */
export const traceRoot = (traceId: string): string =>
  traceId.split(";").find((part) => part.startsWith("Root=")) ?? traceId;

/** `12/Mar/2020:19:03:58 +0000` */
export function commonLogTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  const [year, month, day] = iso.slice(0, 10).split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${iso.slice(11, 19)} +0000`;
}
