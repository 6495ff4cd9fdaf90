/**
 * What REST APIs answer in their own words: for each kind of trouble a status and a document, which owners may replace, down to
 * headers for browsers.
 */
import type { GatewayResponse } from "../v1/shapes.ts";
import { Problem } from "./problem.ts";

const STATUSES: Readonly<Record<string, string | undefined>> = {
  ACCESS_DENIED: "403",
  API_CONFIGURATION_ERROR: "500",
  AUTHORIZER_CONFIGURATION_ERROR: "500",
  AUTHORIZER_FAILURE: "500",
  BAD_REQUEST_BODY: "400",
  BAD_REQUEST_PARAMETERS: "400",
  DEFAULT_4XX: undefined,
  DEFAULT_5XX: undefined,
  EXPIRED_TOKEN: "403",
  INTEGRATION_FAILURE: "504",
  INTEGRATION_TIMEOUT: "504",
  INVALID_API_KEY: "403",
  INVALID_SIGNATURE: "403",
  MISSING_AUTHENTICATION_TOKEN: "403",
  QUOTA_EXCEEDED: "429",
  REQUEST_TOO_LARGE: "413",
  RESOURCE_NOT_FOUND: "404",
  THROTTLED: "429",
  UNAUTHORIZED: "401",
  UNSUPPORTED_MEDIA_TYPE: "415",
  WAF_FILTERED: "403",
};

const TEMPLATES = { "application/json": '{"message":$context.error.messageString}' };

/** By type, as they are where the owner has said nothing. */
export const DEFAULT_RESPONSES: ReadonlyMap<string, GatewayResponse> = new Map(
  Object.entries(STATUSES).map(([responseType, statusCode]) => [
    responseType,
    {
      responseType,
      ...(statusCode !== undefined && { statusCode }),
      responseParameters: {},
      responseTemplates: TEMPLATES,
      defaultResponse: true,
    },
  ]),
);

/** Codes of `x-amzn-ErrorType`. */
const ERROR_TYPES: Readonly<Record<string, string>> = {
  ACCESS_DENIED: "AccessDeniedException",
  API_CONFIGURATION_ERROR: "InternalServerErrorException",
  AUTHORIZER_CONFIGURATION_ERROR: "AuthorizerConfigurationException",
  AUTHORIZER_FAILURE: "AuthorizerConfigurationException",
  BAD_REQUEST_BODY: "BadRequestException",
  BAD_REQUEST_PARAMETERS: "BadRequestException",
  DEFAULT_5XX: "InternalServerErrorException",
  EXPIRED_TOKEN: "ExpiredTokenException",
  INTEGRATION_FAILURE: "InternalServerErrorException",
  INTEGRATION_TIMEOUT: "InternalServerErrorException",
  INVALID_API_KEY: "ForbiddenException",
  INVALID_SIGNATURE: "InvalidSignatureException",
  MISSING_AUTHENTICATION_TOKEN: "MissingAuthenticationTokenException",
  QUOTA_EXCEEDED: "LimitExceededException",
  REQUEST_TOO_LARGE: "RequestTooLargeException",
  THROTTLED: "TooManyRequestsException",
  UNAUTHORIZED: "UnauthorizedException",
};

export const REST_PROBLEMS = {
  forbidden: () => new Problem(403, "FORBIDDEN", "Forbidden"),
  missingToken: () => new Problem(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token"),
  unauthorized: () => new Problem(401, "UNAUTHORIZED", "Unauthorized"),
  denied: (isExplicit: boolean) =>
    new Problem(403, "ACCESS_DENIED", {
      Message: `User is not authorized to access this resource${isExplicit ? " with an explicit deny" : ""}`,
    }),
  deniedAction: (message: string) => new Problem(403, "ACCESS_DENIED", { Message: message }),
  authorizerFailure: () => new Problem(500, "AUTHORIZER_FAILURE", null),
  authorizerMisconfigured: () => new Problem(500, "AUTHORIZER_CONFIGURATION_ERROR", null),
  invalidKey: () => new Problem(403, "INVALID_API_KEY", "Forbidden"),
  invalidSignature: (message: string) => new Problem(403, "INVALID_SIGNATURE", message),
  missingParameters: (names: readonly string[]) =>
    new Problem(400, "BAD_REQUEST_PARAMETERS", `Missing required request parameters: [${names.join(", ")}]`),
  throttled: () => new Problem(429, "THROTTLED", "Too Many Requests"),
  tooLarge: () => new Problem(413, "REQUEST_TOO_LARGE", "Request Too Long"),
  misconfigured: () => new Problem(500, "API_CONFIGURATION_ERROR", "Internal server error"),
  malformed: () => new Problem(502, "DEFAULT_5XX", "Internal server error"),
  timeout: () => new Problem(504, "INTEGRATION_TIMEOUT", "Endpoint request timed out"),
  unreachable: () => new Problem(504, "INTEGRATION_FAILURE", "Network error communicating with endpoint"),
} as const;

export interface Told {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** @param own what the API's owner has replaced, by type */
export function tell(problem: Problem, own: ReadonlyMap<string, GatewayResponse>, requestId: string): Told {
  const errorType = ERROR_TYPES[problem.type] ?? "ForbiddenException";
  const plain = ["Content-Type", "application/json", "x-amzn-ErrorType", errorType, ...problem.headers];
  const response = own.get(problem.type) ?? own.get(problem.status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  if (!response) return { status: problem.status, headers: plain, body: problem.body };
  const [type, template] = Object.entries(response.responseTemplates ?? TEMPLATES)[0] ?? [];
  const headers = ["Content-Type", type ?? "application/json", "x-amzn-ErrorType", errorType, ...problem.headers];
  for (const [target, value = ""] of Object.entries(response.responseParameters ?? {})) {
    const name = /^gatewayresponse\.header\.(.+)$/.exec(target)?.[1];
    const text = /^'(.*)'$/s.exec(value)?.[1];
    if (name !== undefined && text !== undefined) headers.push(name, text);
  }
  return {
    status: response.statusCode === undefined ? problem.status : Number(response.statusCode),
    headers,
    body: Buffer.from(filled(template ?? "", problem, requestId)),
  };
}

/** The few variables that templates of gateway responses are made with. */
function filled(template: string, { document, type }: Problem, requestId: string): string {
  const message = document.message ?? document.Message ?? null;
  return template
    .replaceAll("$context.error.messageString", JSON.stringify(message))
    .replaceAll("$context.error.message", String(message))
    .replaceAll("$context.error.responseType", type)
    .replaceAll("$context.requestId", requestId)
    .replaceAll("$context.extendedRequestId", requestId);
}
