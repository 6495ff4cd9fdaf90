/** What a function may say in the head of an HTTP response, and how a function URL passes it on. */

/** A function's answer cannot be an HTTP response. The caller gets 502. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** These the URL writes itself: a function's own come under another name (seen at AWS for the first four). */
const REMAPPED: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "www-authenticate",
  "expect",
  "host",
  "keep-alive",
  "max-forwards",
  "proxy-authenticate",
  "proxy-connection",
  "server",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-amzn-requestid",
  "x-amzn-trace-id",
]);
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

export interface AnswerHead {
  /** 200..599 */
  readonly status: number;
  /** Names and values, cookies among them; without Content-Length. */
  readonly headers: readonly string[];
  /** The function named a Content-Type. */
  readonly hasType: boolean;
}

export interface HeadSource {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly cookies?: unknown;
}

/**
 * @param ownsCors the URL has CORS settings: the function's own CORS headers give way to them
 * @throws MalformedAnswer
 */
export function answerHead({ statusCode, headers, cookies }: HeadSource, ownsCors: boolean): AnswerHead {
  const told = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(objectOf(headers))) {
    const lower = name.toLowerCase();
    if (!NAME.test(name)) throw new MalformedAnswer(`'${name}' cannot be the name of a header`);
    if (value === null || (ownsCors && lower.startsWith("access-control-"))) continue;
    // Names that differ only in letter case are one header; the last says what is in it.
    told.set(lower, [REMAPPED.has(lower) ? `x-amzn-Remapped-${lower}` : name, headerText(value)]);
  }
  const flat = [...told.values()].flat();
  for (const cookie of listOf(cookies)) flat.push("Set-Cookie", headerText(cookie));
  return { status: statusOf(statusCode), headers: flat, hasType: told.has("content-type") };
}

/** A number, or digits. What is not a final response cannot be one here. */
function statusOf(value: unknown): number {
  const isNumeric = typeof value === "number" || (typeof value === "string" && /^\d{3}$/.test(value));
  const status = isNumeric ? Number(value) : Number.NaN;
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new MalformedAnswer("statusCode is none");
  return status;
}

function objectOf(value: unknown): object {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new MalformedAnswer("headers is no object");
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MalformedAnswer("cookies is no list");
  return value;
}

/** As Node writes it: the text's UTF-8, each byte as a character. */
function headerText(value: unknown): string {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw new MalformedAnswer("the value of a header is no text");
  }
  const text = String(value);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 32 && code !== 9) || code === 127) throw new MalformedAnswer("a header holds control characters");
  }
  return Buffer.from(text, "utf8").toString("latin1");
}
