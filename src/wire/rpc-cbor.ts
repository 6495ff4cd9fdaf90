/** The protocol Smithy RPC v2 CBOR: service and operation in the path, bodies in CBOR, told by the header smithy-protocol. */
import { Readable } from "node:stream";
import { CborCodec, cbor, tagSymbol } from "@smithy/core/cbor";
import { CodecSchemas } from "./codec-schemas.ts";
import { commonError } from "./common-errors.ts";
import { writeEventStream } from "./event-stream.ts";
import { asBuffer } from "./json-codec.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol, RequestHead } from "./protocol.ts";
import { queryErrorHeader } from "./query-errors.ts";
import type { WireRequest, WireResponse } from "./service.ts";
import type { ServiceError } from "./service-error.ts";
import type { Shape } from "./shape.ts";
import { readValue, serializationError } from "./strict.ts";

const CBOR_TYPE = "application/cbor";
/** Seconds since 1970, which CBOR's own standard gives this number. */
const TAG_EPOCH = 1;

export const createRpcCbor = (model: ServiceModel): Protocol => new RpcCbor(model);

class RpcCbor implements Protocol {
  readonly #model: ServiceModel;
  readonly #schemas: CodecSchemas;
  readonly #codec = new CborCodec();

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#schemas = new CodecSchemas(model.namespace);
  }

  recognizes({ headers }: RequestHead): boolean {
    return headers["smithy-protocol"] === "rpc-v2-cbor";
  }

  routesByBody(): boolean {
    return false;
  }

  route({ method, path }: RequestHead): Operation | ServiceError {
    const [, name] = /\/service\/[A-Za-z0-9_.]+\/operation\/(\w+)$/.exec(path) ?? [];
    const operation = method === "POST" && name !== undefined ? this.#model.operations.get(name) : undefined;
    return operation ?? commonError("UnknownOperationException", "The requested operation is not known to the service");
  }

  parse(operation: Operation, { body }: WireRequest): Members {
    return readValue(operation.input, body.length === 0 ? {} : parseCbor(body)) as Members;
  }

  write(operation: Operation, output: Members, requestId: string): WireResponse {
    const headers = headersOf(requestId);
    const stream = operation.output.members.find(({ target }) => target.isStreaming && target.type === "union");
    if (stream === undefined) return { status: 200, headers, body: this.#write(operation.output, output) };
    const { [stream.name]: events, ...initial } = output;
    const writer = { contentType: CBOR_TYPE, write: (shape: Shape, value: Members) => this.#write(shape, value) };
    const first = this.#write(operation.output, initial);
    const frames = writeEventStream(stream.target, events as AsyncIterable<Members>, writer, first);
    const body = Readable.from(frames);
    return { status: 200, headers: { ...headers, "content-type": "application/vnd.amazon.eventstream" }, body };
  }

  fail(error: ServiceError, requestId: string): WireResponse {
    const model = this.#model.error(error.code);
    const members = { ...error.members, [model?.messageMember ?? "message"]: error.message };
    const known = model === undefined ? members : (cbor.deserialize(this.#write(model.shape, members)) as Members);
    const namespace = model === undefined ? "com.amazon.coral.service" : this.#model.namespace;
    return {
      status: error.status,
      headers: {
        ...headersOf(requestId),
        ...(this.#model.isQueryCompatible && queryErrorHeader(error, model)),
      },
      body: asBuffer(cbor.serialize({ __type: `${namespace}#${error.code}`, ...known, message: error.message })),
    };
  }

  #write(shape: Shape, value: Members): Buffer {
    const serializer = this.#codec.createSerializer();
    serializer.write(this.#schemas.body(shape), value);
    return asBuffer(serializer.flush());
  }
}

function headersOf(requestId: string): Record<string, string> {
  return { "content-type": CBOR_TYPE, "smithy-protocol": "rpc-v2-cbor", "x-amzn-RequestId": requestId };
}

/** @throws ServiceError SerializationException */
function parseCbor(body: Buffer): unknown {
  try {
    return withDates(cbor.deserialize(body));
  } catch (cause) {
    throw serializationError("Could not parse request body into cbor", cause);
  }
}

/** Tagged numbers as dates, all the way down. */
function withDates(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withDates);
  if (tagSymbol in value) {
    const { tag, value: seconds } = value as unknown as { tag: number; value: unknown };
    if (tag !== TAG_EPOCH || typeof seconds !== "number") throw new TypeError(`tag ${tag} is not known`);
    return new Date(Math.round(seconds * 1000));
  }
  const entries = Object.entries(value).map(([key, item]) => [key, withDates(item)]);
  return Object.fromEntries(entries);
}
