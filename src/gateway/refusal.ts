/**
 * What the gateway itself answers before any service had its say: the errors common to all services, and the few of
 * Lambda's model that the Invoke path meets. All other errors come from the service concerned.
 */
import { type CommonErrorName, commonError, isCommonErrorName } from "../wire/common-errors.ts";
import { ServiceError } from "../wire/service-error.ts";

const STATUS = {
  IncompleteBody: 400,
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  InvalidRequestException: 400,
  NoPublishedVersionException: 400,
  RecursiveInvocationException: 400,
  RequestHeadersTooLargeException: 431,
  RequestTooLargeException: 413,
  RequestTimeTooSkewed: 403,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  ResourceNotReadyException: 502,
  ServiceException: 500,
  TooManyRequestsException: 429,
  XAmzContentSHA256Mismatch: 400,
  SnapStartException: 400,
  SnapStartNotReadyException: 409,
  SnapStartTimeoutException: 408,
} as const;

export type RefusalName = keyof typeof STATUS | CommonErrorName;

/** Makes (does not throw) an error. `Type` is filled in; services whose errors have none drop it when they write. */
export function refusal(
  code: RefusalName,
  message: string,
  members: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): ServiceError {
  if (isCommonErrorName(code)) return commonError(code, message, cause);
  const status = STATUS[code];
  const isOurs = status >= 500;
  return new ServiceError({
    code,
    status,
    fault: isOurs ? "server" : "client",
    message,
    members: { Type: isOurs ? "Service" : "User", ...members },
    cause,
  });
}
