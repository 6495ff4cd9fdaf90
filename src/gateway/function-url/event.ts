/** The event of a function behind a URL: the HTTP request in Lambda's payload format 2.0 (contract/05 §1). */
import type { UrlAddress } from "../../functions/function-url-address.ts";
import type { IamCaller } from "../../wire/http-integration/iam-caller.ts";
import {
  CREDENTIALS,
  commonLogTime,
  cookiesOf,
  HOP_BY_HOP,
  isTextBody,
  joinedParameters,
  TOLD_BY_US,
  traceRoot,
} from "../../wire/http-integration/request-parts.ts";
import type { RequestHead } from "../request-head.ts";

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
  readonly caller: IamCaller | undefined;
}

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
      ...(head.query !== "" && { queryStringParameters: joinedParameters(head.query) }),
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
  headers.set("x-amzn-trace-id", traceRoot(traceId));
  headers.set("x-forwarded-for", sourceIp);
  headers.set("x-forwarded-port", String(port));
  headers.set("x-forwarded-proto", "http");
  return Object.fromEntries(headers);
}
