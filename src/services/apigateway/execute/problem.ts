/** What an API tells its callers of what went wrong before, around or behind a function. */

/** Thrown where a request cannot go on. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Name of the gateway response that REST APIs may change, e.g. `UNAUTHORIZED`. */
  readonly type: string;
  /** Members of the document: AWS writes `message` in most, `Message` in some. */
  readonly document: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    type: string,
    message: string | null | Readonly<Record<string, unknown>>,
    headers: readonly string[] = [],
  ) {
    super(type);
    this.status = status;
    this.type = type;
    this.document = typeof message === "object" && message !== null ? message : { message };
    this.headers = headers;
  }

  get body(): Buffer {
    return Buffer.from(JSON.stringify(this.document));
  }
}

/** Of HTTP APIs. */
export const HTTP_PROBLEMS = {
  badRequest: () => new Problem(400, "BAD_REQUEST", "Bad Request"),
  unauthorized: (challenge?: string) =>
    new Problem(401, "UNAUTHORIZED", "Unauthorized", challenge === undefined ? [] : ["www-authenticate", challenge]),
  forbidden: (challenge?: string) =>
    new Problem(403, "FORBIDDEN", "Forbidden", challenge === undefined ? [] : ["www-authenticate", challenge]),
  notFound: () => new Problem(404, "NOT_FOUND", "Not Found"),
  tooLarge: () => new Problem(413, "REQUEST_TOO_LARGE", "Request Entity Too Large"),
  tooManyRequests: () => new Problem(429, "THROTTLED", "Too Many Requests"),
  internal: () => new Problem(500, "INTERNAL", "Internal Server Error"),
  unavailable: () => new Problem(503, "UNAVAILABLE", "Service Unavailable"),
} as const;
