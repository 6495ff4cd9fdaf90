/** A bucket's rules for web pages of other origins (CORS): which requests they let, and the headers that say so. */

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
