/** The events of functions behind WebSocket APIs (contract/05 §4). */
import { commonLogTime } from "../../../wire/http-integration/request-parts.ts";
import type { SurfaceHead } from "../../../wire/http-surface.ts";
import { newRequestToken } from "../api-ids.ts";
import { listedHeaders, listedParameters } from "../execute/event-headers.ts";
import type { ConnectionFacts } from "./shapes.ts";

interface Happening {
  readonly routeKey: string;
  readonly eventType: "CONNECT" | "DISCONNECT" | "MESSAGE";
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly more?: Readonly<Record<string, unknown>>;
}

function contextOf(facts: ConnectionFacts, { routeKey, eventType, requestId, timeMs, more }: Happening): object {
  const { sourceIp, userAgent } = facts.identity;
  return {
    routeKey,
    ...(facts.authorizer && { authorizer: facts.authorizer }),
    ...more,
    eventType,
    extendedRequestId: newRequestToken(),
    requestTime: commonLogTime(timeMs),
    messageDirection: "IN",
    stage: facts.stage,
    connectedAt: facts.connectedAtMs,
    requestTimeEpoch: timeMs,
    identity: { ...(userAgent !== undefined && { userAgent }), sourceIp },
    requestId,
    domainName: facts.domainName,
    connectionId: facts.connectionId,
    apiId: facts.apiId,
  };
}

const variablesOf = ({ stageVariables }: ConnectionFacts) => stageVariables && { stageVariables };

/** What the request to connect carries, for its function and its authorizer. */
export function requestParts(head: SurfaceHead, isSigned: boolean): object {
  const headers = listedHeaders(head, 0, isSigned);
  const parameters = listedParameters(head.query);
  return {
    headers: headers.single,
    multiValueHeaders: headers.multi,
    ...(parameters && {
      queryStringParameters: parameters.single,
      multiValueQueryStringParameters: parameters.multi,
    }),
  };
}

export function connectEvent(facts: ConnectionFacts, head: SurfaceHead, requestId: string, isSigned: boolean): object {
  const timeMs = facts.connectedAtMs;
  return {
    ...requestParts(head, isSigned),
    ...variablesOf(facts),
    requestContext: contextOf(facts, { routeKey: "$connect", eventType: "CONNECT", requestId, timeMs }),
    isBase64Encoded: false,
  };
}

export function authorizerEvent(
  facts: ConnectionFacts,
  head: SurfaceHead,
  requestId: string,
  methodArn: string,
): object {
  const timeMs = facts.connectedAtMs;
  return {
    type: "REQUEST",
    methodArn,
    queryStringParameters: {},
    multiValueQueryStringParameters: {},
    ...requestParts(head, false),
    stageVariables: facts.stageVariables ?? {},
    requestContext: contextOf(facts, { routeKey: "$connect", eventType: "CONNECT", requestId, timeMs }),
  };
}

export function messageEvent(
  facts: ConnectionFacts,
  message: { readonly routeKey: string; readonly requestId: string; readonly timeMs: number },
  body: Buffer,
  isText: boolean,
): object {
  const more = { messageId: newRequestToken() };
  return {
    ...variablesOf(facts),
    requestContext: contextOf(facts, { ...message, eventType: "MESSAGE", more }),
    body: body.toString(isText ? "utf8" : "base64"),
    isBase64Encoded: !isText,
  };
}

export function disconnectEvent(
  facts: ConnectionFacts,
  end: { readonly requestId: string; readonly timeMs: number; readonly code: number; readonly reason: string },
): object {
  const { code, reason, ...when } = end;
  const headers = { Host: facts.domainName, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" };
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ...variablesOf(facts),
    requestContext: contextOf(facts, {
      ...when,
      routeKey: "$disconnect",
      eventType: "DISCONNECT",
      more: { disconnectStatusCode: code, disconnectReason: reason },
    }),
    isBase64Encoded: false,
  };
}
