/**
 * The protocol restXml as S3 speaks it: bindings to bucket, key, query and headers, the rest as an XML body or as bytes that
 * are passed on as they come. Reading is our own and strict (strict-xml.ts), writing is the SDK's XML codec.
 */
import { randomBytes } from "node:crypto";
import { XmlCodec } from "@aws-sdk/core/protocols";
import { XmlNode, XmlText } from "@aws-sdk/xml-builder";
import { CodecSchemas } from "./codec-schemas.ts";
import { commonError } from "./common-errors.ts";
import { asBuffer } from "./json-codec.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol, RequestHead } from "./protocol.ts";
import { parseQuery } from "./query.ts";
import { assign, readBound, writeBound, writeBytes } from "./rest-bindings.ts";
import { spelled } from "./rest-xml-errors.ts";
import { BucketRouter } from "./rest-xml-route.ts";
import type { WireRequest, WireResponse } from "./service.ts";
import type { ServiceError } from "./service-error.ts";
import type { Member, Shape } from "./shape.ts";
import { malformedXml, readXml, readXmlMembers } from "./strict-xml.ts";
import { streamOf } from "./whole-body.ts";

const NO_BODY = Buffer.alloc(0);
const XML = { "content-type": "application/xml" };
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export function createRestXml(model: ServiceModel): Protocol {
  return new RestXml(model);
}

class RestXml implements Protocol {
  readonly #router: BucketRouter;
  readonly #schemas: CodecSchemas;
  readonly #codec: XmlCodec;

  constructor(model: ServiceModel) {
    this.#router = new BucketRouter(model);
    this.#schemas = new CodecSchemas(model.namespace);
    this.#codec = new XmlCodec({
      timestampFormat: { useTrait: true, default: 5 },
      xmlNamespace: NAMESPACE,
      serviceNamespace: model.namespace,
    });
  }

  recognizes(): boolean {
    return true;
  }

  routesByBody(): boolean {
    return false;
  }

  route(head: RequestHead): Operation | ServiceError {
    const match = this.#router.match(head);
    return match?.operation ?? commonError("UnknownOperationException", "There is no such operation");
  }

  parse(operation: Operation, request: WireRequest): Members {
    const input: Members = {};
    const parts = {
      labels: this.#router.match(request)?.labels,
      query: parseQuery(request.query),
      headers: withoutBadDates(operation.input.members, request.headers),
    };
    const inBody: Member[] = [];
    for (const member of readBound(operation.input.members, parts, input)) {
      const { httpPrefixHeaders, httpPayload } = member.traits;
      if (typeof httpPrefixHeaders === "string") {
        assign(input, member.name, readPrefixed(request.headers, httpPrefixHeaders));
      } else if (httpPayload) assign(input, member.name, readPayload(member, request));
      else inBody.push(member);
    }
    if (inBody.length > 0 && request.body.length > 0) {
      const { name, traits } = operation.input;
      const body = readXmlMembers(inBody, request.body, [traits.xmlName ?? name]);
      for (const member of inBody) assign(input, member.name, body[member.name]);
    }
    return input;
  }

  write(operation: Operation, output: Members, requestId: string): WireResponse {
    const { members } = operation.output;
    const { status, headers } = this.#head(members, output, operation.http?.[2] ?? 200, requestId);
    const payload = members.find((member) => member.traits.httpPayload);
    if (payload !== undefined) return this.#writePayload(payload, output[payload.name], status, headers);
    const inBody = members.filter(({ traits }) => !traits.httpHeader && !traits.httpPrefixHeaders);
    if (inBody.length === 0) return { status, headers, body: NO_BODY };
    return { status, headers: { ...XML, ...headers }, body: this.#xml(operation.output, inBody, output) };
  }

  fail(error: ServiceError, requestId: string, request?: Pick<WireRequest, "method" | "path">): WireResponse {
    const { status, code, message, members, headers } = spelled(error);
    const ids = identified(requestId);
    // Not Modified, and answers to HEAD, have no body.
    if (status === 304 || request?.method === "HEAD") return { status, headers: { ...ids, ...headers }, body: NO_BODY };
    const told = { Code: code, Message: message, ...members, ...(request && { Resource: request.path }) };
    const node = new XmlNode("Error");
    for (const [name, value] of Object.entries({ ...told, RequestId: requestId, HostId: ids["x-amz-id-2"] })) {
      node.addChildNode(new XmlNode(name, [new XmlText(String(value))]));
    }
    return { status, headers: { ...XML, ...ids, ...headers }, body: Buffer.from(DECLARATION + node.toString()) };
  }

  #head(members: readonly Member[], output: Members, defaultStatus: number, requestId: string) {
    const bound = writeBound(members, output, defaultStatus);
    const headers: Record<string, string> = { ...identified(requestId), ...bound.headers };
    for (const { name, traits } of members) {
      if (typeof traits.httpPrefixHeaders !== "string") continue;
      for (const [key, value] of Object.entries((output[name] ?? {}) as Record<string, string>)) {
        headers[traits.httpPrefixHeaders + key] = value;
      }
    }
    // What HTTP says of an answer that is a part.
    const status = headers["content-range"] === undefined ? bound.status : 206;
    return { status, headers };
  }

  #writePayload({ target, traits }: Member, value: unknown, status: number, headers: Record<string, string>) {
    if (value === undefined || value === null) return { status, headers, body: NO_BODY };
    if (target.type !== "structure") return { status, headers, body: writeBytes(value) };
    const body = this.#serialized(this.#schemas.named(target, traits.xmlName), value);
    return { status, headers: { ...XML, ...headers }, body };
  }

  /** The members of a structure that travel in the body. */
  #xml(shape: Shape, inBody: readonly Member[], output: Members): Buffer {
    const [only] = inBody;
    // A structure named like its only member is that member alone (S3's GetBucketLocation; a trait that the SDK drops).
    if (inBody.length === 1 && only?.name === shape.traits.xmlName && only?.target.type === "string") {
      const node = new XmlNode(only.name, [new XmlText(String(output[only.name] ?? ""))]);
      return Buffer.from(DECLARATION + node.addAttribute("xmlns", NAMESPACE).toString());
    }
    return this.#serialized(this.#schemas.body(shape), output);
  }

  #serialized(schema: ReturnType<CodecSchemas["of"]>, value: unknown): Buffer {
    const serializer = this.#codec.createSerializer();
    serializer.write(schema, value);
    return Buffer.concat([Buffer.from(DECLARATION), asBuffer(serializer.flush())]);
  }
}

function identified(requestId: string) {
  return { "x-amz-request-id": requestId, "x-amz-id-2": randomBytes(48).toString("base64") };
}

/** A date that cannot be read is as good as none (RFC 9110 §13.1). */
function withoutBadDates(members: readonly Member[], headers: WireRequest["headers"]): WireRequest["headers"] {
  const bad = members
    .filter(({ target, traits }) => target.type === "timestamp" && traits.httpHeader !== undefined)
    .map(({ traits }) => traits.httpHeader?.toLowerCase() ?? "")
    .filter((name) => headers[name] !== undefined && Number.isNaN(Date.parse(headers[name])));
  if (bad.length === 0) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !bad.includes(name)));
}

function readPrefixed(headers: WireRequest["headers"], prefix: string): Members | undefined {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix) && name.length > prefix.length);
  if (found.length === 0) return undefined;
  // Without a prototype: the names are the caller's.
  const members: Members = Object.create(null);
  for (const [name, value] of found) members[name.slice(prefix.length)] = value;
  return members;
}

function readPayload({ target, traits, required }: Member, { body, stream }: WireRequest): unknown {
  if (target.type === "blob") return target.isStreaming ? (stream ?? streamOf(body)) : body;
  if (target.type === "string") return body.toString("utf8");
  if (body.length > 0) return readXml(target, body, [traits.xmlName ?? target.traits.xmlName ?? target.name]);
  if (required) throw malformedXml();
  return undefined;
}
