/** The refusal of an invocation that would be too much: 429, with the limit that it would break (contract/03 §2). */
import { InvokeRefusal } from "./refusal.ts";

export type ThrottleReason =
  | "ConcurrentInvocationLimitExceeded"
  | "FunctionInvocationRateLimitExceeded"
  | "ReservedFunctionConcurrentInvocationLimitExceeded"
  | "ReservedFunctionInvocationRateLimitExceeded";

/** @param waitMs after which another try makes sense; rounded up to whole seconds, at least one */
export function throttled(reason: ThrottleReason, waitMs = 0): InvokeRefusal {
  return new InvokeRefusal("TooManyRequestsException", "Rate Exceeded.", {
    Reason: reason,
    Type: "User",
    // Becomes the header Retry-After.
    retryAfterSeconds: String(Math.max(1, Math.ceil(waitMs / 1000))),
  });
}
