/**
 * The form of an error while no service is known: that of the protocol which the request speaks, because a client that
 * cannot parse an answer shows its user a broken parser instead of the message. Services write their errors themselves.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { WireResponse } from "../wire/service.ts";
import type { ServiceError } from "../wire/service-error.ts";

/** Services that speak restXml; nothing but their name in the signature's scope tells. */
const REST_XML_SCOPE = /\/(?:s3|cloudfront|route53)\/aws4_request/;

export function plainError(error: ServiceError, headers: IncomingHttpHeaders, requestId: string): WireResponse {
  const { code, status, message } = error;
  const fields = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  if (headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
    const type = error.fault === "server" ? "Receiver" : "Sender";
    return xml(
      status,
      `<ErrorResponse><Error><Type>${type}</Type>${fields}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    );
  }
  if (REST_XML_SCOPE.test(headers.authorization ?? "")) {
    return xml(status, `<Error>${fields}<RequestId>${requestId}</RequestId></Error>`);
  }
  return {
    status,
    headers: { "Content-Type": "application/json", "x-amzn-ErrorType": code },
    body: Buffer.from(JSON.stringify({ __type: code, message })),
  };
}

const xml = (status: number, body: string): WireResponse => ({
  status,
  headers: { "Content-Type": "text/xml" },
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`),
});

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Messages may repeat what the caller sent; XML has no way to write control characters. */
const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "").replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, "?");
