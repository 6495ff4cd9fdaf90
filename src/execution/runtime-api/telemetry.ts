/** The Telemetry API and the Logs API, which are not served: they say so in the way that extensions know (contract/02 §3). */

import { refuseMethod, sendError } from "./rendering.ts";
import type { Responder } from "./request.ts";

const SUBSCRIPTIONS = new Map([
  ["/2022-07-01/telemetry", ["Telemetry.NotSupported", "Telemetry API is not supported"]],
  ["/2020-08-15/logs", ["Logs.NotSupported", "Logs API is not supported"]],
]);

/** @returns whether the path is one of theirs, and answered */
export function answerSubscription(method: string, path: string, responder: Responder): boolean {
  const [errorType, message] = SUBSCRIPTIONS.get(path) ?? [];
  if (errorType === undefined || message === undefined) return false;
  // 202, not an error: extensions go on without telemetry, as they do under AWS's own emulator.
  if (method === "PUT") sendError(responder, "202 Accepted", errorType, message);
  else refuseMethod(responder);
  return true;
}
