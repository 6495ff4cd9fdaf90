/** The events of functions behind HTTP and REST APIs, in payload formats 2.0 and 1.0 (contract/05 §2, §3). */
import {
  commonLogTime,
  cookiesOf,
  isTextBody,
  joinedParameters,
} from "../../../wire/http-integration/request-parts.ts";
import { type ApiRequest, decodedPath, headerValues, type Matched } from "./api-request.ts";
import { joinedHeaders, listedHeaders, listedParameters } from "./event-headers.ts";

/** What is known of a caller who has been let in, as events hold it. */
export interface Caller {
  /** `requestContext.authorizer`, in the form of the event's format. */
  readonly authorizer?: Readonly<Record<string, unknown>> | undefined;
  /** Members of `requestContext.identity` in format 1.0. */
  readonly identity?: Readonly<Record<string, unknown>> | undefined;
  /** The request was signed: what proves it is not for the function to hold. */
  readonly isSigned?: boolean;
}

export const NOBODY: Caller = {};

const orNull = <T extends object>(parameters: T): T | null => (Object.keys(parameters).length > 0 ? parameters : null);

/** Format 2.0, without the body. */
export function eventV2(request: ApiRequest, matched: Matched, caller: Caller, bodyBytes: number): object {
  const { head, stageVariables } = request;
  // Not so in function URLs and REST APIs: HTTP APIs tell the path decoded (seen in recordings of AWS's).
  const path = decodedPath(request.fullPath) ?? request.fullPath;
  const cookies = cookiesOf(headerValues(head, "cookie").join("; "));
  const pathParameters = orNull(matched.pathParameters);
  return {
    version: "2.0",
    routeKey: matched.routeKey,
    rawPath: path,
    rawQueryString: head.query,
    ...(cookies && { cookies }),
    headers: joinedHeaders(head, bodyBytes, caller.isSigned === true),
    ...(head.query !== "" && { queryStringParameters: joinedParameters(head.query) }),
    requestContext: {
      accountId: request.place.accountId,
      apiId: request.apiId,
      ...(caller.authorizer && { authorizer: caller.authorizer }),
      domainName: request.domainName,
      domainPrefix: request.domainName.split(".", 1)[0],
      http: {
        method: head.method,
        path,
        protocol: head.protocol,
        sourceIp: head.sourceIp,
        userAgent: head.headers["user-agent"] ?? "",
      },
      requestId: request.token,
      routeKey: matched.routeKey,
      stage: request.stage,
      time: commonLogTime(request.timeMs),
      timeEpoch: request.timeMs,
    },
    ...(pathParameters && { pathParameters }),
    ...(stageVariables && { stageVariables }),
  };
}

/** With the body, as text where it is text. */
export function withBody(event: object, body: Buffer, isText: boolean): object {
  if (body.length === 0) return { ...event, isBase64Encoded: false };
  return { ...event, body: body.toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

export const isTextRequest = ({ head }: ApiRequest, body: Buffer): boolean => isTextBody(head.headers, body);

/** What only one of the kinds of API tells in format 1.0. */
export interface FormatOne {
  /** HTTP APIs write the version, REST APIs do not. */
  readonly version?: "1.0";
  readonly path: string;
  readonly requestId: string;
  readonly resourceId: string | null;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Format 1.0, without the body. */
export function eventV1(
  request: ApiRequest,
  matched: Matched,
  caller: Caller,
  bodyBytes: number,
  more: FormatOne,
): object {
  const { head } = request;
  const headers = listedHeaders(head, bodyBytes, caller.isSigned === true);
  const parameters = listedParameters(head.query);
  return {
    ...(more.version && { version: more.version }),
    resource: matched.resourcePath,
    path: more.path,
    httpMethod: head.method,
    headers: headers.single,
    multiValueHeaders: headers.multi,
    queryStringParameters: parameters?.single ?? null,
    multiValueQueryStringParameters: parameters?.multi ?? null,
    requestContext: {
      accountId: request.place.accountId,
      apiId: request.apiId,
      ...(caller.authorizer && { authorizer: caller.authorizer }),
      domainName: request.domainName,
      domainPrefix: request.domainName.split(".", 1)[0],
      extendedRequestId: request.token,
      httpMethod: head.method,
      identity: identityOf(request, caller),
      path: more.version ? more.path : request.fullPath,
      protocol: head.protocol,
      requestId: more.requestId,
      requestTime: commonLogTime(request.timeMs),
      requestTimeEpoch: request.timeMs,
      resourceId: more.resourceId,
      resourcePath: matched.resourcePath,
      stage: request.stage,
      ...more.context,
    },
    pathParameters: orNull(matched.pathParameters),
    stageVariables: request.stageVariables ?? null,
    body: null,
    isBase64Encoded: false,
  };
}

function identityOf({ head }: ApiRequest, { identity }: Caller): object {
  return {
    accessKey: null,
    accountId: null,
    caller: null,
    cognitoAuthenticationProvider: null,
    cognitoAuthenticationType: null,
    cognitoIdentityId: null,
    cognitoIdentityPoolId: null,
    principalOrgId: null,
    sourceIp: head.sourceIp,
    user: null,
    userAgent: head.headers["user-agent"] ?? null,
    userArn: null,
    ...identity,
  };
}
