/** POST /extension/register: an extension says its name and of which events it wants to know. */
import type { FunctionVersion } from "../../functions/function-version.ts";
import type { ContainerCredentials } from "../container-credentials.ts";
import type { Extensions } from "../extensions.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { sendRefusal } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";

/** The extensions of an environment, and the function beside which they run. */
export interface ExtensionsSide {
  readonly extensions: Extensions;
  readonly telemetry: Telemetry;
  readonly version: FunctionVersion;
  /** Absent where they are in the variables. */
  readonly credentials?: ContainerCredentials;
}

const ACCEPT_FEATURE = "lambda-extension-accept-feature";

export function answerRegister(request: RuntimeRequest, responder: Responder, side: ExtensionsSide): void {
  const { headers } = request;
  const name = headers["lambda-extension-name"];
  if (!name) {
    const errorMessage = "Empty extension name";
    return sendRefusal(responder, { errorType: "Extension.InvalidExtensionName", errorMessage });
  }
  const events = readEvents(request);
  if (typeof events === "string") {
    return sendRefusal(responder, { errorType: "InvalidRequestFormat", errorMessage: events });
  }
  const id = side.extensions.register(name, events);
  if (typeof id !== "string") return sendRefusal(responder, id);
  const { functionName, version, handler, functionArn } = side.version;
  const features = (headers[ACCEPT_FEATURE] ?? "").split(",").map((feature) => feature.trim());
  const body = {
    functionName,
    functionVersion: version,
    handler: handler ?? "",
    ...(features.includes("accountId") && { accountId: functionArn.split(":")[4] }),
  };
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nLambda-Extension-Identifier: ${id}\r\n`;
  responder.send(head, Buffer.from(JSON.stringify(body)));
}

/** @returns the events, or what is wrong with the body */
function readEvents({ body, bodyState }: RuntimeRequest): string[] | string {
  if (bodyState !== "whole") return `body is ${bodyState}`;
  let document: unknown;
  try {
    document = JSON.parse(body.toString("utf8"));
  } catch (error) {
    return (error as Error).message;
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) return "body is no JSON object";
  if ("configurationKeys" in document) {
    return "configurationKeys are deprecated; use environment variables instead";
  }
  const events = "events" in document ? (document.events ?? []) : [];
  const isList = Array.isArray(events) && events.every((event) => typeof event === "string");
  return isList ? events : "events is no list of strings";
}
