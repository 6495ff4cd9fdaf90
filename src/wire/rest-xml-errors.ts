/** How a restXml service spells the errors that all services have in common: S3's error codes, which older clients look for. */
import { ServiceError } from "./service-error.ts";

interface Spelling {
  readonly code: string;
  readonly status: number;
  /** Absent: the message stays as it is. */
  readonly message?: string;
}

const SPELLINGS: Readonly<Record<string, Spelling>> = {
  AccessDeniedException: { code: "AccessDenied", status: 403 },
  ExpiredTokenException: { code: "ExpiredToken", status: 400, message: "The provided token has expired." },
  IncompleteSignatureException: { code: "AuthorizationHeaderMalformed", status: 400 },
  InternalFailure: {
    code: "InternalError",
    status: 500,
    message: "We encountered an internal error. Please try again.",
  },
  InvalidClientTokenId: {
    code: "InvalidAccessKeyId",
    status: 403,
    message: "The AWS Access Key Id you provided does not exist in our records.",
  },
  InvalidRequestContentException: { code: "IncompleteBody", status: 400 },
  InvalidRequestException: { code: "InvalidRequest", status: 400 },
  InvalidSignatureException: { code: "SignatureDoesNotMatch", status: 403 },
  MissingAuthenticationTokenException: { code: "AccessDenied", status: 403, message: "Access Denied" },
  NotImplementedException: { code: "NotImplemented", status: 501 },
  RequestEntityTooLargeException: {
    code: "EntityTooLarge",
    status: 400,
    message: "Your proposed upload exceeds the maximum allowed size",
  },
  RequestExpired: { code: "AccessDenied", status: 403, message: "Request has expired" },
  RequestTimeoutException: { code: "RequestTimeout", status: 400 },
  SerializationException: { code: "InvalidArgument", status: 400 },
  ServiceException: {
    code: "InternalError",
    status: 500,
    message: "We encountered an internal error. Please try again.",
  },
  ThrottlingException: { code: "SlowDown", status: 503, message: "Please reduce your request rate." },
  UnknownOperationException: {
    code: "MethodNotAllowed",
    status: 405,
    message: "The specified method is not allowed against this resource.",
  },
  UnrecognizedClientException: {
    code: "InvalidAccessKeyId",
    status: 403,
    message: "The AWS Access Key Id you provided does not exist in our records.",
  },
  ValidationException: { code: "InvalidArgument", status: 400 },
};

export function spelled(error: ServiceError): ServiceError {
  const spelling = Object.hasOwn(SPELLINGS, error.code) ? SPELLINGS[error.code] : undefined;
  if (spelling === undefined) return error;
  const { code, status, message = error.message } = spelling;
  return new ServiceError({ code, status, fault: error.fault, message, headers: error.headers, cause: error });
}
