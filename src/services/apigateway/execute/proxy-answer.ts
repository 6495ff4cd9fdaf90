/** What a function behind a proxy integration of format 1.0 must answer, as an HTTP response: nothing is inferred. */
import { mediaType } from "../../../wire/http-integration/request-parts.ts";
import { answerHead, MalformedAnswer } from "../../../wire/http-integration/response-headers.ts";
import { parsed } from "./authorizer-policy.ts";

export interface ProxyAnswer {
  readonly status: number;
  /** Names and values in turn, without Content-Length. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface ProxyRules {
  /** Names and values of an answer that names no Content-Type. */
  readonly defaultType: readonly string[];
  /** CORS settings of the API's own: the function's CORS headers give way to them. */
  readonly ownsCors: boolean;
  /** May a body in base64 be sent as the bytes that it stands for? @param contentType the answer's */
  readonly decodes: (contentType: string) => boolean;
}

/** @throws MalformedAnswer */
export function proxyAnswer(payload: Buffer, rules: ProxyRules): ProxyAnswer {
  const answer = parsed(payload);
  if (!answer || answer.statusCode === undefined) throw new MalformedAnswer("no object with a statusCode");
  const { body, isBase64Encoded = false, multiValueHeaders } = answer;
  if (body !== undefined && body !== null && typeof body !== "string") throw new MalformedAnswer("body is no text");
  if (typeof isBase64Encoded !== "boolean") throw new MalformedAnswer("isBase64Encoded is neither true nor false");
  const head = answerHead(answer, rules.ownsCors);
  const { headers, hasType } = withMultiValues(head, multiValueHeaders, rules.ownsCors);
  const all = hasType ? headers : [...rules.defaultType, ...headers];
  return { status: head.status, headers: all, body: bodyOf(body ?? "", isBase64Encoded, all, rules) };
}

/** A header that stands in both is what the list says. */
function withMultiValues(
  head: { readonly headers: readonly string[]; readonly hasType: boolean },
  multi: unknown,
  ownsCors: boolean,
): { readonly headers: readonly string[]; readonly hasType: boolean } {
  if (multi === undefined || multi === null) return head;
  if (typeof multi !== "object" || Array.isArray(multi)) throw new MalformedAnswer("multiValueHeaders is no object");
  const lists = Object.entries(multi).map(([name, values]) => {
    if (!Array.isArray(values)) throw new MalformedAnswer("the values of a header are no list");
    return values.map(
      (value: unknown) => answerHead({ statusCode: 200, headers: { [name]: value } }, ownsCors).headers,
    );
  });
  const listed = lists.flat(2);
  const names = new Set(listed.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  const single: string[] = [];
  for (let i = 0; i < head.headers.length; i += 2) {
    const name = head.headers[i] as string;
    if (!names.has(name.toLowerCase())) single.push(name, head.headers[i + 1] as string);
  }
  return { headers: [...single, ...listed], hasType: head.hasType || names.has("content-type") };
}

function bodyOf(text: string, isEncoded: boolean, headers: readonly string[], rules: ProxyRules): Buffer {
  if (!isEncoded) return Buffer.from(text);
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
  if (!rules.decodes(mediaType(headers[at + 1]))) return Buffer.from(text);
  // Node's decoder skips what is not base64.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 === 1) throw new MalformedAnswer("body is not base64");
  return Buffer.from(text, "base64");
}
