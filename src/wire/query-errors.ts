/** What errors are called in query protocols: by their model, or, those common to all services, by older names. */
import type { CommonErrorName } from "./common-errors.ts";
import type { ErrorModel } from "./model.ts";
import type { ServiceError } from "./service-error.ts";

/** "Common Errors" of the services that speak the query protocol (SNS, STS, SQS before 2023). */
const CODES: Partial<Record<CommonErrorName, string>> = {
  AccessDeniedException: "AccessDenied",
  ExpiredTokenException: "ExpiredToken",
  IncompleteSignatureException: "IncompleteSignature",
  InvalidSignatureException: "SignatureDoesNotMatch",
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  NotImplementedException: "NotImplemented",
  RequestEntityTooLargeException: "RequestEntityTooLarge",
  RequestTimeoutException: "RequestTimeout",
  SerializationException: "MalformedInput",
  ThrottlingException: "Throttling",
  UnknownOperationException: "InvalidAction",
  UnrecognizedClientException: "InvalidClientTokenId",
  ValidationException: "ValidationError",
};

export function queryCode(error: ServiceError, model: ErrorModel | undefined): string {
  return model?.queryCode ?? CODES[error.code as CommonErrorName] ?? error.code;
}

/** Whose fault it is, in the words of the query protocol. */
export function queryFault({ fault }: ServiceError): "Sender" | "Receiver" {
  return fault === "client" ? "Sender" : "Receiver";
}

/** With it, clients of a service that has left the query protocol find the codes that their programs look for. */
export function queryErrorHeader(error: ServiceError, model: ErrorModel | undefined): Record<string, string> {
  return { "x-amzn-query-error": `${queryCode(error, model)};${queryFault(error)}` };
}
