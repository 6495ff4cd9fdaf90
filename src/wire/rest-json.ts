/**
 * The protocol restJson1: bindings to path, query, headers and status, the rest as a JSON body. Reading is our own and
 * strict (strict.ts), writing is the SDK's JSON codec.
 */
import { Readable } from "node:stream";
import { CodecSchemas } from "./codec-schemas.ts";
import { commonError } from "./common-errors.ts";
import { writeEventStream } from "./event-stream.ts";
import { JsonCodec } from "./json-codec.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol, RequestHead } from "./protocol.ts";
import { parseQuery } from "./query.ts";
import { assign, readBound, writeBound, writeBytes } from "./rest-bindings.ts";
import { RestRouter } from "./route.ts";
import type { WireRequest, WireResponse } from "./service.ts";
import type { ServiceError } from "./service-error.ts";
import type { Member, Shape } from "./shape.ts";
import { readValue } from "./strict.ts";

const NO_BODY = Buffer.alloc(0);
const JSON_TYPE = "application/json";
/** Errors common to all services whose message key is capital (contract/03 §2). */
const CAPITAL_MESSAGE = new Set(["AccessDeniedException"]);

export function createRestJson(model: ServiceModel): Protocol {
  return new RestJson(model);
}

class RestJson implements Protocol {
  readonly #model: ServiceModel;
  readonly #router: RestRouter;
  readonly #json: JsonCodec;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#router = new RestRouter(model);
    this.#json = new JsonCodec(new CodecSchemas(model.namespace), true);
  }

  recognizes(): boolean {
    return true;
  }

  routesByBody(): boolean {
    return false;
  }

  route(head: RequestHead): Operation | ServiceError {
    const match = this.#router.match(head);
    if (typeof match === "object") return match.operation;
    // Seen for Lambda when the method does not fit the path (API Gateway integrations with the wrong method, boto3#294).
    if (match === "unknown-method") {
      return commonError("AccessDeniedException", "Unable to determine service/operation name to be authorized");
    }
    return commonError("UnknownOperationException", "The requested operation is not known to the service");
  }

  parse(operation: Operation, request: WireRequest): Members {
    const match = this.#router.match(request);
    const labels = typeof match === "object" ? match.labels : undefined;
    const query = parseQuery(request.query);
    const input: Members = {};
    const inBody: Member[] = [];
    for (const member of readBound(operation.input.members, { labels, query, headers: request.headers }, input)) {
      const { httpQueryParams, httpPayload } = member.traits;
      if (httpQueryParams) assign(input, member.name, unboundParameters(operation, query));
      else if (httpPayload) assign(input, member.name, this.#readPayload(member.target, request.body));
      else inBody.push(member);
    }
    if (inBody.length > 0 && request.body.length > 0) {
      const body = readValue(operation.input, this.#json.parse(request.body)) as Members;
      for (const member of inBody) assign(input, member.name, body[member.name]);
    }
    return input;
  }

  #readPayload(shape: Shape, body: Buffer): unknown {
    if (body.length === 0) return undefined;
    return shape.type === "blob" ? body : readValue(shape, this.#json.parse(body));
  }

  write(operation: Operation, output: Members, requestId: string): WireResponse {
    const { members } = operation.output;
    const { status, headers } = this.#head(members, output, operation.http?.[2] ?? 200, requestId);
    const payload = members.find((member) => member.traits.httpPayload);
    if (payload !== undefined) return this.#writePayload(payload, output[payload.name], status, headers);
    const body = status === 204 || members.length === 0 ? NO_BODY : this.#json.write(operation.output, output);
    return { status, headers: { "content-type": JSON_TYPE, ...headers }, body };
  }

  fail(error: ServiceError, requestId: string): WireResponse {
    const model = this.#model.error(error.code);
    const messageKey = model?.messageMember ?? (CAPITAL_MESSAGE.has(error.code) ? "Message" : "message");
    const values: Members = { ...error.members, [messageKey]: error.message };
    const { headers } = this.#head(model?.shape.members ?? [], values, error.status, requestId);
    const isModelled = model?.messageMember !== undefined;
    const body = isModelled
      ? this.#json.write(model.shape, values)
      : Buffer.from(JSON.stringify({ [messageKey]: error.message }));
    return {
      status: error.status,
      headers: { "content-type": JSON_TYPE, "x-amzn-ErrorType": error.code, ...headers },
      body,
    };
  }

  #head(members: readonly Member[], output: Members, defaultStatus: number, requestId: string) {
    const { status, headers } = writeBound(members, output, defaultStatus);
    return { status, headers: { "x-amzn-RequestId": requestId, ...headers } };
  }

  #writePayload({ target }: Member, value: unknown, status: number, headers: Record<string, string>): WireResponse {
    if (value === undefined || value === null) return { status, headers, body: NO_BODY };
    if (target.isStreaming && target.type === "union") {
      const body = Readable.from(
        writeEventStream(target, value as AsyncIterable<Members>, {
          contentType: JSON_TYPE,
          write: (shape, event) => this.#json.write(shape, event),
        }),
      );
      // A member may be bound to content-type (ResponseStreamContentType), but the client finds the frames by this type.
      return { status, headers: { ...headers, "content-type": "application/vnd.amazon.eventstream" }, body };
    }
    if (target.type === "structure") {
      return {
        status,
        headers: { "content-type": JSON_TYPE, ...headers },
        body: this.#json.write(target, value as Members),
      };
    }
    return { status, headers: { "content-type": JSON_TYPE, ...headers }, body: writeBytes(value) };
  }
}

/** The parameters that no other member is bound to, nor the URI itself; of repeated ones the first. */
function unboundParameters({ http, input }: Operation, query: ReadonlyMap<string, string[]>): Members | undefined {
  const staticNames = (http?.[1].split("?")[1] ?? "").split("&").map((pair) => pair.split("=")[0]);
  const bound = new Set([...staticNames, ...input.members.map(({ traits }) => traits.httpQuery)]);
  const left = [...query].filter(([name]) => !bound.has(name)).map(([name, values]) => [name, values[0]]);
  return left.length === 0 ? undefined : Object.assign(Object.create(null), Object.fromEntries(left));
}
