/**
 * CORS as the owner of a function URL or an HTTP API configures it: the headers of every answer, and the answer to a preflight
 * request, which never reaches the function. Not the region's own rules for browsers: those do not hold here.
 */

/** As the owner configures it. */
export interface OwnerCors {
  readonly allowCredentials?: boolean | undefined;
  readonly allowHeaders?: readonly string[] | undefined;
  readonly allowMethods?: readonly string[] | undefined;
  readonly allowOrigins?: readonly string[] | undefined;
  readonly exposeHeaders?: readonly string[] | undefined;
  /** seconds */
  readonly maxAge?: number | undefined;
}

/** What of a request's head counts. */
interface Asking {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Is this the question of a browser whether it may send what it is going to? */
export function isPreflight({ method, headers }: Asking): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** Names and values for every answer; none but Vary for an origin that is not allowed. */
export function corsHeaders(cors: OwnerCors, head: Asking): string[] {
  const origin = allowedOrigin(cors, head.headers.origin);
  const headers = origin === "*" ? [] : ["Vary", "Origin"];
  if (origin === undefined) return headers;
  headers.push("Access-Control-Allow-Origin", origin);
  if (cors.allowCredentials) headers.push("Access-Control-Allow-Credentials", "true");
  if (cors.exposeHeaders?.length) headers.push("Access-Control-Expose-Headers", cors.exposeHeaders.join(","));
  return headers;
}

/** The further headers of the answer to a preflight request. */
export function preflightHeaders(cors: OwnerCors, head: Asking): string[] {
  if (allowedOrigin(cors, head.headers.origin) === undefined) return [];
  const headers: string[] = [];
  const methods = answered(cors.allowMethods, head.headers["access-control-request-method"]);
  if (methods !== "") headers.push("Access-Control-Allow-Methods", methods);
  const names = answered(cors.allowHeaders, head.headers["access-control-request-headers"]);
  if (names !== "") headers.push("Access-Control-Allow-Headers", names);
  if (cors.maxAge !== undefined) headers.push("Access-Control-Max-Age", String(cors.maxAge));
  return headers;
}

/** To browsers that send credentials `*` means no origin at all: they get their own name back. */
function allowedOrigin(cors: OwnerCors, origin: string | undefined): string | undefined {
  const allowed = cors.allowOrigins ?? [];
  if (allowed.includes("*")) return cors.allowCredentials && origin !== undefined ? origin : "*";
  return origin !== undefined && allowed.includes(origin) ? origin : undefined;
}

/** Everything allowed: what was asked for, because `*` itself covers neither credentials nor Authorization. */
function answered(allowed: readonly string[] = [], asked = ""): string {
  const wanted = asked.split(",").map((name) => name.trim());
  const isListOfNames = wanted.every((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name));
  return allowed.includes("*") && isListOfNames ? wanted.join(",") : allowed.join(",");
}
