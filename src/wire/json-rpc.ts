/**
 * The protocols awsJson1_0 and awsJson1_1: the operation in X-Amz-Target, everything else a JSON body. Services that once
 * spoke the query protocol tell the code which an error had there, too.
 */
import { Readable } from "node:stream";
import { CodecSchemas } from "./codec-schemas.ts";
import { commonError } from "./common-errors.ts";
import { writeEventStream } from "./event-stream.ts";
import { JsonCodec } from "./json-codec.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol, RequestHead } from "./protocol.ts";
import { queryErrorHeader } from "./query-errors.ts";
import type { WireRequest, WireResponse } from "./service.ts";
import type { ServiceError } from "./service-error.ts";
import { readValue } from "./strict.ts";

type Version = "1.0" | "1.1";

export const createJson10 = (model: ServiceModel): Protocol => new JsonRpc(model, "1.0");
export const createJson11 = (model: ServiceModel): Protocol => new JsonRpc(model, "1.1");

class JsonRpc implements Protocol {
  readonly #model: ServiceModel;
  readonly #version: Version;
  readonly #contentType: string;
  readonly #json: JsonCodec;

  constructor(model: ServiceModel, version: Version) {
    this.#model = model;
    this.#version = version;
    this.#contentType = `application/x-amz-json-${version}`;
    this.#json = new JsonCodec(new CodecSchemas(model.namespace), false);
  }

  recognizes({ headers }: RequestHead): boolean {
    return headers["x-amz-target"] !== undefined;
  }

  routesByBody(): boolean {
    return false;
  }

  route({ method, headers }: RequestHead): Operation | ServiceError {
    const [target, name = "", ...more] = headers["x-amz-target"]?.split(".") ?? [];
    const isOurs = method === "POST" && target === this.#model.target && more.length === 0;
    const operation = isOurs ? this.#model.operations.get(name) : undefined;
    return operation ?? commonError("UnknownOperationException", "The requested operation is not known to the service");
  }

  parse(operation: Operation, request: WireRequest): Members {
    const body = request.body.length === 0 ? {} : this.#json.parse(request.body);
    return readValue(operation.input, body) as Members;
  }

  write(operation: Operation, output: Members, requestId: string): WireResponse {
    const headers = { "content-type": this.#contentType, "x-amzn-RequestId": requestId };
    const stream = operation.output.members.find(({ target }) => target.isStreaming && target.type === "union");
    if (stream === undefined) return { status: 200, headers, body: this.#json.write(operation.output, output) };
    const { [stream.name]: events, ...initial } = output;
    const writer = {
      contentType: "application/json",
      write: this.#json.write.bind(this.#json),
    };
    const first = this.#json.write(operation.output, initial);
    const frames = writeEventStream(stream.target, events as AsyncIterable<Members>, writer, first);
    const body = Readable.from(frames);
    return { status: 200, headers: { ...headers, "content-type": "application/vnd.amazon.eventstream" }, body };
  }

  fail(error: ServiceError, requestId: string): WireResponse {
    const model = this.#model.error(error.code);
    const members = { ...error.members, [model?.messageMember ?? "message"]: error.message };
    const known = model === undefined ? {} : JSON.parse(this.#json.write(model.shape, members).toString("utf8"));
    // Version 1.0 names the namespace as well. Clients read either.
    const namespace = model === undefined ? "com.amazon.coral.service" : this.#model.namespace;
    const type = this.#version === "1.0" ? `${namespace}#${error.code}` : error.code;
    return {
      status: model?.status ?? rpcStatus(error.status),
      headers: {
        "content-type": this.#contentType,
        "x-amzn-RequestId": requestId,
        "x-amzn-ErrorType": error.code,
        ...(this.#model.isQueryCompatible && queryErrorHeader(error, model)),
      },
      body: Buffer.from(JSON.stringify({ __type: type, ...known, message: error.message })),
    };
  }
}

/** Who one is and what one may is no status of its own here: DynamoDB and its like answer 400 for all of that. */
function rpcStatus(status: number): number {
  return status === 403 || status === 404 ? 400 : status;
}
