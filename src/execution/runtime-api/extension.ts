/** The Extensions API of one execution environment (2020-01-01, contract/02 §2): tells endpoints and extensions apart. */

import { answerExtensionError } from "./extension-error.ts";
import { answerEventNext } from "./extension-next.ts";
import { answerRegister, type ExtensionsSide } from "./extension-register.ts";
import type { Headers } from "./head.ts";
import { refuseMethod, refusePath, sendRefusal } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";

export const EXTENSIONS_ROOT = "/2020-01-01/extension/";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function routeExtension(request: RuntimeRequest, responder: Responder, side: ExtensionsSide): void {
  const { method, headers } = request;
  const call = request.path.slice(EXTENSIONS_ROOT.length);
  if (!CALLS.has(call)) return refusePath(responder);
  if (method !== (call === "event/next" ? "GET" : "POST")) return refuseMethod(responder);
  if (call === "register") return answerRegister(request, responder, side);
  const id = identifier(headers);
  if (typeof id !== "string") return sendRefusal(responder, id);
  if (call === "event/next") return answerEventNext(responder, side.extensions, id);
  const state = call === "init/error" ? "InitError" : "ExitError";
  answerExtensionError(headers, responder, side.extensions, id, state);
}

const CALLS = new Set(["register", "event/next", "init/error", "exit/error"]);

/** Whoever calls, as far as the header says so. */
export function identifier(headers: Headers) {
  const text = headers["lambda-extension-identifier"];
  if (!text) {
    const errorMessage = "Missing Lambda-Extension-Identifier header";
    return { errorType: "Extension.MissingExtensionIdentifier", errorMessage };
  }
  if (UUID.test(text)) return text.toLowerCase();
  return { errorType: "Extension.InvalidExtensionIdentifier", errorMessage: "Invalid Lambda-Extension-Identifier" };
}
