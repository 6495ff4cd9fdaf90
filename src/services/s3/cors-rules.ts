/** A bucket's rules for web pages of other origins (CORS): which requests they let, and the headers that say so. */
import type { WireHead } from "../../wire/service.ts";
import type { Bucket } from "./buckets.ts";

export interface CorsRule {
  readonly ID?: string | undefined;
  readonly AllowedHeaders?: readonly string[] | undefined;
  readonly AllowedMethods: readonly string[];
  readonly AllowedOrigins: readonly string[];
  readonly ExposeHeaders?: readonly string[] | undefined;
  readonly MaxAgeSeconds?: number | undefined;
}

export interface CorsQuestion {
  readonly origin: string;
  /** Of the request, or the one that a preflight asks about. */
  readonly method: string;
  /** What a preflight asks about, in lower case. */
  readonly headers: readonly string[];
}

/** @param bucket that the request names, if there is one */
export function sharedWith(
  bucket: Bucket | undefined,
  { method, headers }: WireHead,
): Record<string, string> | undefined {
  const rules = bucket?.settings.cors as readonly CorsRule[] | undefined;
  const { origin } = headers;
  if (rules === undefined || origin === undefined) return undefined;
  const asked = method === "OPTIONS" ? headers["access-control-request-method"] : method;
  const names = (headers["access-control-request-headers"] ?? "").toLowerCase().split(",");
  const wanted = names.map((name) => name.trim()).filter((name) => name !== "");
  return corsHeaders(rules, { origin, method: asked ?? "", headers: method === "OPTIONS" ? wanted : [] });
}

/** The headers of the answer; undefined when no rule lets it. The first rule that fits counts. */
export function corsHeaders(rules: readonly CorsRule[], question: CorsQuestion): Record<string, string> | undefined {
  const { origin, method, headers } = question;
  for (const rule of rules) {
    const pattern = rule.AllowedOrigins.find((allowed) => fitsOnce(allowed, origin));
    const allowsHeaders = headers.every((name) =>
      (rule.AllowedHeaders ?? []).some((allowed) => fitsOnce(allowed.toLowerCase(), name)),
    );
    if (pattern === undefined || !rule.AllowedMethods.includes(method) || !allowsHeaders) continue;
    const isAnyone = pattern === "*";
    return {
      "access-control-allow-origin": isAnyone ? "*" : origin,
      "access-control-allow-methods": rule.AllowedMethods.join(", "),
      ...(headers.length > 0 && { "access-control-allow-headers": headers.join(", ") }),
      ...(rule.ExposeHeaders && { "access-control-expose-headers": rule.ExposeHeaders.join(", ") }),
      ...(rule.MaxAgeSeconds !== undefined && { "access-control-max-age": String(rule.MaxAgeSeconds) }),
      ...(!isAnyone && { "access-control-allow-credentials": "true" }),
      vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    };
  }
  return undefined;
}

/** At most one `*`, which stands for anything. */
function fitsOnce(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end);
}
