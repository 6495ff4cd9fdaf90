/** The event of a function behind a URL: the HTTP request in Lambda's payload format 2.0 (contract/05 §1). */
import { isUtf8 } from "node:buffer";
import type { UrlAddress } from "../../functions/function-url-address.ts";
import type { RequestHead } from "../request-head.ts";
import type { Caller } from "./caller.ts";

export interface UrlRequest {
  readonly head: RequestHead;
  /** Raw, below the URL's own root. */
  readonly path: string;
  readonly address: UrlAddress;
  /** HTTP/1.1 */
  readonly protocol: string;
  readonly sourceIp: string;
  /** The port that the caller reached. */
  readonly port: number;
  readonly body: Buffer;
  readonly requestId: string;
  readonly traceId: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Undefined where no signature is asked for. */
  readonly caller: Caller | undefined;
}

/** Between two neighbours on the way, not between caller and function. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
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
const TOLD_BY_US: ReadonlySet<string> = new Set([
  "content-length",
  "x-amzn-tls-cipher-suite",
  "x-amzn-tls-version",
  "x-amzn-trace-id",
  "x-forwarded-for",
  "x-forwarded-port",
  "x-forwarded-proto",
]);
/** What proved to the region who calls is not for the function to hold. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "x-amz-security-token"]);
const TEXT_TYPES: readonly string[] = ["application/json", "application/xml", "application/javascript"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function urlEvent(request: UrlRequest): Buffer {
  const { head, path, address, caller, body } = request;
  const headers = eventHeaders(request);
  const cookies = cookiesOf(headers.cookie);
  const isText = isTextBody(headers, body);
  return Buffer.from(
    JSON.stringify({
      version: "2.0",
      routeKey: "$default",
      rawPath: path,
      rawQueryString: head.query,
      ...(cookies && { cookies }),
      headers,
      ...(head.query !== "" && { queryStringParameters: queryParameters(head.query) }),
      requestContext: {
        accountId: caller?.accountId ?? "anonymous",
        apiId: address.urlId,
        ...(caller && { authorizer: { iam: caller } }),
        domainName: address.domainName,
        domainPrefix: address.urlId,
        http: {
          method: head.method,
          path,
          protocol: request.protocol,
          sourceIp: request.sourceIp,
          userAgent: headers["user-agent"],
        },
        requestId: request.requestId,
        routeKey: "$default",
        stage: "$default",
        time: commonLogTime(request.timeMs),
        timeEpoch: request.timeMs,
      },
      ...(body.length > 0 && { body: body.toString(isText ? "utf8" : "base64") }),
      isBase64Encoded: body.length > 0 && !isText,
    }),
  );
}

/** By lower-case name, values of a repeated header joined by commas (cookies as they would be written in one). */
function eventHeaders({ head, traceId, sourceIp, port, body, caller }: UrlRequest): Record<string, string> {
  const headers = new Map<string, string>();
  const { rawHeaders } = head;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || TOLD_BY_US.has(name) || (caller && CREDENTIALS.has(name))) continue;
    const value = rawHeaders[i + 1] as string;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}${name === "cookie" ? "; " : ","}${value}`);
  }
  if (body.length > 0) headers.set("content-length", String(body.length));
  // The root alone, as AWS passes it here; the whole header comes by the Runtime API.
  headers.set("x-amzn-trace-id", traceId.split(";").find((part) => part.startsWith("Root=")) ?? traceId);
  headers.set("x-forwarded-for", sourceIp);
  headers.set("x-forwarded-port", String(port));
  headers.set("x-forwarded-proto", "http");
  return Object.fromEntries(headers);
}

function cookiesOf(header: string | undefined): string[] | undefined {
  const cookies = (header ?? "")
    .split(";")
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== "");
  return cookies.length > 0 ? cookies : undefined;
}

/** Decoded; values of a repeated name joined by commas. */
function queryParameters(query: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

/** What is compressed, or no text in truth, would be broken as text. */
function isTextBody(headers: Readonly<Record<string, string>>, body: Buffer): boolean {
  if (headers["content-encoding"] !== undefined) return false;
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return (type.startsWith("text/") || TEXT_TYPES.includes(type)) && isUtf8(body);
}

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  const [year, month, day] = iso.slice(0, 10).split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${iso.slice(11, 19)} +0000`;
}
