/** Requests that an API passes on to another HTTP server, and what that answers. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Route, routeTo } from "../../../invocation/outside-address.ts";
import { HOP_BY_HOP } from "../../../wire/http-integration/request-parts.ts";
import type { SurfaceHead } from "../../../wire/http-surface.ts";

/** bytes, as API Gateway lets pass */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;
/** The connection's own, or made anew for the next server. */
const NOT_PASSED: ReadonlySet<string> = new Set([...HOP_BY_HOP, "host", "content-length"]);

export interface PassedOn {
  readonly head: SurfaceHead;
  readonly method: string;
  readonly url: string;
  readonly body: Buffer;
  readonly timeoutMs: number;
  readonly domainName: string;
  /** Not to this machine. */
  readonly isOutside: boolean;
}

export type ProxyOutcome =
  | { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer }
  | "timeout"
  | "unreachable"
  | "too-large";

export async function passOn(passedOn: PassedOn): Promise<ProxyOutcome> {
  const { url, timeoutMs, isOutside } = passedOn;
  if (!URL.canParse(url)) return "unreachable";
  const { promise: timeout, resolve: give } = Promise.withResolvers<ProxyOutcome>();
  const timer = setTimeout(() => give("timeout"), timeoutMs);
  const giveUp = new AbortController();
  const answer = routeTo(new URL(url).hostname, isOutside).then(
    (route) => exchange(passedOn, route, giveUp.signal),
    (): ProxyOutcome => "unreachable",
  );
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
    giveUp.abort();
  }
}

function exchange(
  { head, method, url, body, domainName }: PassedOn,
  route: Route,
  signal: AbortSignal,
): Promise<ProxyOutcome> {
  const { promise, resolve } = Promise.withResolvers<ProxyOutcome>();
  const headers = passed(head.rawHeaders);
  headers.push("Via", "HTTP/1.1 AmazonAPIGateway");
  headers.push("Forwarded", `by=${head.sourceIp};for=${head.sourceIp};host=${domainName};proto=http`);
  headers.push("Host", new URL(url).host);
  if (body.length > 0) headers.push("Content-Length", String(body.length));
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const request = send(url, { method, headers, signal, ...route }, (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= MAX_ANSWER_BYTES) return;
      resolve("too-large");
      request.destroy();
    });
    response.on("error", () => resolve("unreachable"));
    response.on("end", () =>
      resolve({
        status: response.statusCode ?? 502,
        headers: passed(response.rawHeaders),
        body: Buffer.concat(chunks),
      }),
    );
  });
  request.on("error", () => resolve("unreachable"));
  request.end(body);
  return promise;
}

function passed(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!NOT_PASSED.has((rawHeaders[i] as string).toLowerCase())) {
      headers.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
    }
  }
  return headers;
}

/** `{name}` in an integration's URL replaced by what stands in the path; what is left of the query is appended. */
export function proxyUrl(template: string, parameters: Readonly<Record<string, string>>, query: string): string {
  const url = template.replace(/\{([A-Za-z0-9._-]+)\+?\}/g, (whole, name: string) =>
    Object.hasOwn(parameters, name) ? (parameters[name] ?? "") : whole,
  );
  if (query === "") return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}
