/** Calls API destinations: an HTTP request for each event, with what its connection and its target add. */
import { InsideAddressError } from "../../invocation/outside-address.ts";
import { type Delivery, TargetRefusal } from "../../invocation/targets.ts";
import { callWeb } from "../../invocation/web-call.ts";
import type { Clock } from "../../state/clock.ts";
import type { ApiDestination, Connection } from "./connections.ts";
import type { EventBook, RuleTarget } from "./event-book.ts";
import type { Names } from "./names.ts";

/** AWS's limit for an answer. */
const TIMEOUT_MS = 5000;
const DEFAULT_RATE = 300;
/** ms before its end that a token is fetched anew */
const TOKEN_MARGIN_MS = 30_000;
/** bytes of what an authorization endpoint answers */
const MOST_TOKEN_BYTES = 256 * 1024;
/** Of the connection, or of the message's frame: nobody's to set. */
const NOT_PASSED = ["connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];
/** Answers that another try may turn (user guide, "Retrying API destinations"). */
const RETRIED: ReadonlySet<number> = new Set([401, 407, 409, 429]);

type HttpParameters = NonNullable<RuleTarget["HttpParameters"]>;
type Pairs = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[];

interface Token {
  readonly value: string;
  readonly endMs: number;
}

export class ApiCaller {
  readonly #book: EventBook;
  readonly #names: Names;
  readonly #clock: Clock;
  /** By connection id and change. */
  readonly #tokens = new Map<string, Token>();
  /** Unix ms at which the next call of a destination may begin. */
  readonly #turns = new Map<string, number>();

  constructor(book: EventBook, names: Names, clock: Clock) {
    this.#book = book;
    this.#names = names;
    this.#clock = clock;
  }

  /** @throws TargetRefusal when trying again would not help */
  async call(arn: string, { body }: Delivery, http: HttpParameters | undefined): Promise<void> {
    const destination = this.#find<ApiDestination>("api-destination", arn);
    const connection = this.#find<Connection>("connection", destination.connectionArn);
    await this.#turn(arn, destination.rateLimit ?? DEFAULT_RATE);
    const { url, headers } = await this.#request(destination, connection, http);
    const { method } = destination;
    const hasBody = method !== "GET" && method !== "HEAD";
    const { status, statusText } = await callWeb({
      url,
      method,
      headers: passed(headers),
      timeoutMs: TIMEOUT_MS,
      isOutside: destination.isOutside === true,
      ...(hasBody && { body: withBodyParameters(body, connection.auth?.InvocationHttpParameters?.BodyParameters) }),
    }).catch(refusing);
    if (status >= 200 && status < 300) return;
    if (status === 401) this.#tokens.delete(tokenKey(connection));
    const message = `The API destination answered ${status} ${statusText}`.trim();
    if (status >= 500 || RETRIED.has(status)) throw new Error(message);
    throw new TargetRefusal(message, "SDK_CLIENT_ERROR");
  }

  #find<T extends { readonly id: string }>(kind: "api-destination" | "connection", arn: string): T {
    const [name = "", id] = this.#names.parse(arn)?.path.split("/") ?? [];
    const found = this.#book.documents.find<T>(kind, name);
    if (found && found.id === id) return found;
    throw new TargetRefusal(`${arn} does not exist.`, "RESOURCE_NOT_FOUND");
  }

  /** Waits until it is the next call's turn, as often per second as the destination allows. */
  async #turn(arn: string, rate: number): Promise<void> {
    const nowMs = this.#clock.now();
    const atMs = Math.max(nowMs, this.#turns.get(arn) ?? 0);
    this.#turns.set(arn, atMs + 1000 / rate);
    if (atMs > nowMs) await new Promise((resolve) => setTimeout(resolve, atMs - nowMs));
  }

  async #request(
    { endpoint }: ApiDestination,
    connection: Connection,
    http: HttpParameters | undefined,
  ): Promise<{ url: URL; headers: Headers }> {
    const invocation = connection.auth?.InvocationHttpParameters;
    const paths = [...(http?.PathParameterValues ?? [])];
    const url = new URL(endpoint.replaceAll("*", () => encodeURIComponent(paths.shift() ?? "")));
    const headers = new Headers({
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Amazon/EventBridge/ApiDestinations",
    });
    for (const [name, value] of Object.entries(http?.QueryStringParameters ?? {})) url.searchParams.set(name, value);
    for (const [name, value] of Object.entries(http?.HeaderParameters ?? {})) headers.set(name, value);
    // What the connection says comes last: a target cannot change it.
    setAll(invocation?.QueryStringParameters, (name, value) => url.searchParams.set(name, value));
    setAll(invocation?.HeaderParameters, (name, value) => headers.set(name, value));
    const { ApiKeyAuthParameters: key, BasicAuthParameters: basic, OAuthParameters: oauth } = connection.auth ?? {};
    if (key) headers.set(key.ApiKeyName, key.ApiKeyValue);
    if (basic) {
      headers.set("authorization", `Basic ${Buffer.from(`${basic.Username}:${basic.Password}`).toString("base64")}`);
    }
    if (oauth) headers.set("authorization", `Bearer ${await this.#token(connection)}`);
    return { url, headers };
  }

  async #token(connection: Connection): Promise<string> {
    const known = this.#tokens.get(tokenKey(connection));
    if (known && known.endMs > this.#clock.now()) return known.value;
    const oauth = connection.auth?.OAuthParameters;
    const url = new URL(oauth?.AuthorizationEndpoint ?? "");
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: oauth?.ClientParameters?.ClientID ?? "",
      client_secret: oauth?.ClientParameters?.ClientSecret ?? "",
    });
    const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
    setAll(oauth?.OAuthHttpParameters?.BodyParameters, (name, value) => form.set(name, value));
    setAll(oauth?.OAuthHttpParameters?.HeaderParameters, (name, value) => headers.set(name, value));
    setAll(oauth?.OAuthHttpParameters?.QueryStringParameters, (name, value) => url.searchParams.set(name, value));
    const method = oauth?.HttpMethod ?? "POST";
    if (method === "GET") for (const [name, value] of form) url.searchParams.set(name, value);
    const { status, body } = await callWeb({
      url,
      method,
      headers: passed(headers),
      timeoutMs: TIMEOUT_MS,
      isOutside: connection.isOutside === true,
      maxAnswerBytes: MOST_TOKEN_BYTES,
      ...(method !== "GET" && { body: form.toString() }),
    }).catch(refusing);
    if (status !== 200) throw new Error(`The authorization endpoint answered ${status}`);
    const { access_token: value, expires_in: seconds = 300 } = JSON.parse(body.toString()) as {
      access_token?: string;
      expires_in?: number;
    };
    if (value === undefined) throw new Error("The authorization endpoint answered without a token");
    this.#tokens.set(tokenKey(connection), { value, endMs: this.#clock.now() + seconds * 1000 - TOKEN_MARGIN_MS });
    return value;
  }
}

const tokenKey = ({ id, changedMs }: Connection): string => `${id}:${changedMs}`;

const passed = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => !NOT_PASSED.includes(name)));

function refusing(error: unknown): never {
  throw error instanceof InsideAddressError ? new TargetRefusal(error.message, "SDK_CLIENT_ERROR") : error;
}

function setAll(pairs: Pairs | undefined, set: (name: string, value: string) => void): void {
  for (const { Key, Value } of pairs ?? []) if (Key !== undefined) set(Key, Value ?? "");
}

/** Of a body that is an object. */
function withBodyParameters(body: Buffer, pairs: Pairs | undefined): string {
  const text = body.toString("utf8");
  if (!pairs?.length || !text.startsWith("{")) return text;
  const more = JSON.stringify(Object.fromEntries(pairs.map(({ Key, Value }) => [Key, Value]))).slice(1, -1);
  const inside = text.slice(1, text.lastIndexOf("}")).trim();
  return `{${inside}${inside === "" ? "" : ","}${more}}`;
}
