/** POST /extension/init/error and /extension/exit/error: an extension says why it is about to end. */
import type { Extensions } from "../extensions.ts";
import type { Headers } from "./head.ts";
import { sendAccepted, sendRefusal } from "./rendering.ts";
import type { Responder } from "./request.ts";

const ERROR_TYPE = "Lambda-Extension-Function-Error-Type";
/** characters of it that are kept: it goes into a log line */
const MOST_CHARACTERS = 256;

export function answerExtensionError(
  headers: Headers,
  responder: Responder,
  extensions: Extensions,
  id: string,
  state: "InitError" | "ExitError",
): void {
  const errorType = headers[ERROR_TYPE.toLowerCase()];
  if (!errorType) {
    return sendRefusal(responder, { errorType: "Extension.MissingHeader", errorMessage: `${ERROR_TYPE} not found` });
  }
  const refusal = extensions.reportError(id, state, errorType.slice(0, MOST_CHARACTERS));
  if (refusal) sendRefusal(responder, refusal);
  else sendAccepted(responder);
}
