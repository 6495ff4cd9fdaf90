/**
 * How a function URL tells what went wrong outside the function: neither as Lambda's API does nor as the function would.
 * Web pages and scripts read these, not SDKs.
 */
import type { WireResponse, WireService } from "../../wire/service.ts";
import type { ServiceError } from "../../wire/service-error.ts";

const FORBIDDEN =
  "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
const INTERNAL_SERVER_ERROR = Buffer.from("Internal Server Error");

/** What each is told as: no caller learns whether a function or an alias behind a URL is gone (recorded; contract/05 §1). */
const FORBIDDEN_CODES: readonly string[] = ["MissingAuthenticationTokenException", "ResourceNotFoundException"];

export const URL_ERRORS: Pick<WireService, "renderError"> = {
  renderError({ code, status, message, members }: ServiceError): WireResponse {
    if (FORBIDDEN_CODES.includes(code)) return forbidden();
    if (status === 500) return internalServerError(500);
    return status === 429 ? throttled(code, message, members) : json(status, code, { Message: message });
  },
};

/** The caller may not call this URL. */
export const forbidden = (): WireResponse => json(403, "AccessDeniedException", { Message: FORBIDDEN });

/** There is no such URL. */
export const unknownUrl = (): WireResponse => json(403, "AccessDeniedException", { Message: null });

/** @param status 502 when the function failed or answered what cannot be an HTTP response, 500 for faults of ours */
export const internalServerError = (status: 500 | 502): WireResponse => ({
  status,
  headers: { "Content-Type": "application/json" },
  body: INTERNAL_SERVER_ERROR,
});

/** As Lambda's API tells it, down to the member that goes into a header. */
function throttled(
  code: string,
  message: string,
  { retryAfterSeconds, ...members }: ServiceError["members"],
): WireResponse {
  const answer = json(429, code, { ...members, message });
  if (retryAfterSeconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, "Retry-After": String(retryAfterSeconds) } };
}

function json(status: number, code: string, document: Readonly<Record<string, unknown>>): WireResponse {
  return {
    status,
    headers: { "Content-Type": "application/json", "x-amzn-ErrorType": code },
    body: Buffer.from(JSON.stringify(document)),
  };
}
