/** The errors that every AWS service may answer and no service's model lists: one table, and the one maker of them. */
import { ServiceError } from "./service-error.ts";

/** Name → HTTP status. Sources: the "Common Errors" page of the service API references, and contract/03 §2. */
const COMMON_ERRORS = {
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  IncompleteSignatureException: 400,
  InternalFailure: 500,
  InvalidClientTokenId: 403,
  InvalidParameterValue: 400,
  InvalidSignatureException: 403,
  MalformedQueryString: 404,
  MissingAuthenticationTokenException: 403,
  MissingParameter: 400,
  NotImplementedException: 501,
  OptInRequired: 403,
  RequestEntityTooLargeException: 413,
  RequestExpired: 400,
  RequestTimeoutException: 408,
  SerializationException: 400,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  ThrottlingException: 400,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export type CommonErrorName = keyof typeof COMMON_ERRORS;

export function isCommonErrorName(name: string): name is CommonErrorName {
  return Object.hasOwn(COMMON_ERRORS, name);
}

/** Makes (does not throw) an error common to all services, with AWS's status for it. */
export function commonError(name: CommonErrorName, message: string, cause?: unknown): ServiceError {
  const status = COMMON_ERRORS[name];
  return new ServiceError({ code: name, status, fault: status < 500 ? "client" : "server", message, cause });
}

/** The 413 of AWS Lambda's front door, recorded (contract/06 §4). */
export function requestTooLarge(operation: string, limitBytes: number): ServiceError {
  const message = `Request must be smaller than ${limitBytes} bytes for the ${operation} operation`;
  return commonError("RequestEntityTooLargeException", message);
}
