/** The Telemetry API (2022-07-01) and the Logs API (2020-08-15): an extension subscribes (contract/02 §3). */
import type { SubscriptionOrder } from "../telemetry/subscription.ts";
import { identifier } from "./extension.ts";
import type { ExtensionsSide } from "./extension-register.ts";
import { refuseMethod, sendError, sendRefusal } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";
import { readSubscription } from "./subscription-request.ts";

const APIS: ReadonlyMap<string, SubscriptionOrder["api"]> = new Map([
  ["/2022-07-01/telemetry", "Telemetry"],
  ["/2022-07-01/telemetry/", "Telemetry"],
  ["/2020-08-15/logs", "Logs"],
  ["/2020-08-15/logs/", "Logs"],
]);
/** More than any subscription takes. */
const MOST_BODY_BYTES = 16_384;
const OK = Buffer.from('"OK"');

/** @returns whether the path is one of theirs, and answered */
export function answerSubscription(request: RuntimeRequest, responder: Responder, side: ExtensionsSide): boolean {
  const api = APIS.get(request.path);
  if (api === undefined) return false;
  if (request.method === "PUT") subscribe(api, request, responder, side);
  else refuseMethod(responder);
  return true;
}

function subscribe(
  api: SubscriptionOrder["api"],
  { headers, body, bodyState }: RuntimeRequest,
  responder: Responder,
  { extensions, telemetry }: ExtensionsSide,
): void {
  const id = identifier(headers);
  if (typeof id !== "string") return sendRefusal(responder, id);
  const name = extensions.nameOf(id);
  if (typeof name !== "string") return sendRefusal(responder, name);
  const isWhole = bodyState === "whole" && body.length <= MOST_BODY_BYTES;
  const order = isWhole ? readSubscription(api, name, body) : "the request body is too long, or was cut off";
  if (typeof order === "string") {
    const errorType = api === "Logs" ? "Logs.ValidationError" : "ValidationError";
    return sendError(responder, "400 Bad Request", errorType, order);
  }
  const refusal = telemetry.subscribe(order);
  if (refusal) return sendRefusal(responder, refusal);
  responder.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", OK);
}
