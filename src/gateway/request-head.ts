/** The head of a request as the gateway uses it: target taken apart, headers readable, nothing malformed left in it. */
import type { IncomingMessage } from "node:http";
import { refusal } from "./refusal.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";

export type RequestHead = SignedRequest;

const malformed = (message: string): Error => refusal("InvalidRequestException", message);

/**
 * @throws ServiceError InvalidRequest for a target that is not a path of printable ASCII or a Host that is no host,
 * or for headers that must not be repeated; RequestHeadersTooLarge for too many headers
 */
export function readHead(request: IncomingMessage, maxHeaders: number): RequestHead {
  if (request.rawHeaders.length > maxHeaders * 2) {
    throw refusal("RequestHeadersTooLargeException", `The request has more than ${maxHeaders} headers`);
  }
  const headers = plainHeaders(request);
  const host = headers.host;
  if (!host || !isHost(host)) throw malformed("The Host header is missing or malformed");
  const twice = repeated(request.rawHeaders);
  if (twice !== undefined) throw malformed(`The header ${twice} occurs more than once`);
  const target = originForm(request.url ?? "", host);
  if (!isPrintable(target)) throw malformed("The request target is malformed");
  const question = target.indexOf("?");
  return {
    method: request.method ?? "",
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? "" : target.slice(question + 1),
    headers,
    rawHeaders: request.rawHeaders,
  };
}

/** Path and query; of an absolute target only when its authority is the Host's. */
function originForm(target: string, host: string): string {
  if (target.startsWith("/")) return target;
  const origin = `http://${host}`;
  const rest = target.slice(origin.length);
  if (target.slice(0, origin.length).toLowerCase() === origin.toLowerCase()) {
    if (rest === "" || rest.startsWith("?")) return `/${rest}`;
    if (rest.startsWith("/")) return rest;
  }
  throw malformed("The request target is not a path");
}

/** Graphic ASCII without the fragment sign: what else clients must percent-encode. */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code >= 127 || code === 35) return false;
  }
  return true;
}

export const isHost = (text: string): boolean => text.length <= 300 && !/[^A-Za-z0-9.:_\-[\]]/.test(text);

/** Of these Node keeps the first and a proxy may keep the last: who is meant, and who asks, would depend on whom one asks. */
const SINGLE: ReadonlySet<string> = new Set(["host", "authorization", "origin", "content-type"]);

/** The first header that occurs more than once and must not. */
function repeated(rawHeaders: readonly string[]): string | undefined {
  let seen: Set<string> | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? "";
    if (!SINGLE.has(name)) continue;
    if (seen?.has(name)) return name;
    seen ??= new Set();
    seen.add(name);
  }
  return undefined;
}

/** Node gives an array for Set-Cookie alone, which no request has reason to carry. */
function plainHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const headers = request.headers as Record<string, string | string[] | undefined>;
  const cookies = headers["set-cookie"];
  if (Array.isArray(cookies)) headers["set-cookie"] = cookies.join(", ");
  return headers as Record<string, string>;
}

/** Does the path, percent-decoded once, contain `.` or `..` segments, a NUL, or escapes that decode to nothing? */
export function isTreacherous(path: string): boolean {
  if (!path.includes("%") && !path.includes("/.")) return false;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return true;
  }
  if (decoded.includes("\0")) return true;
  return decoded.split(/[/\\]/).some((segment) => segment === "." || segment === "..");
}
