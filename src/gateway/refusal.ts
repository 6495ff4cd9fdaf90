/**
 * What the gateway itself answers before any service had its say: the errors common to all AWS services, with their
 * statuses. Errors of a service's own model come from that service.
 */
import { ServiceError } from "../wire/service-error.ts";

const STATUS = {
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  IncompleteSignatureException: 400,
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  InvalidRequestException: 400,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  NotImplementedException: 501,
  RequestEntityTooLargeException: 413,
  RequestHeadersTooLargeException: 431,
  RequestTimeoutException: 408,
  RequestTooLargeException: 413,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  ResourceNotReadyException: 502,
  ServiceException: 500,
  ServiceUnavailableException: 503,
  TooManyRequestsException: 429,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
  ValidationException: 400,
} as const;

export type RefusalName = keyof typeof STATUS;

/** Errors that Lambda's model gives a `Type` member: everything that is not met before the service is reached. */
export function refusal(
  code: RefusalName,
  message: string,
  members?: Readonly<Record<string, unknown>>,
  cause?: unknown,
): ServiceError {
  const status = STATUS[code];
  return new ServiceError({
    code,
    status,
    fault: status >= 500 ? "server" : "client",
    message,
    ...(members && { members }),
    ...(cause !== undefined && { cause }),
  });
}
