/**
 * A service on the wire: model, protocol and handlers joined. route → parse → constraints → handler → write, with one
 * exit for every failure. It knows no service and no state.
 */
import { commonError, requestTooLarge } from "./common-errors.ts";
import { checkConstraints } from "./constraints.ts";
import { serviceError } from "./fail.ts";
import type { Handlers } from "./handlers.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol, ProtocolFactory } from "./protocol.ts";
import { createRestJson } from "./rest-json.ts";
import type { CallContext, WireRequest, WireResponse, WireService } from "./service.ts";
import { ServiceError } from "./service-error.ts";

/** Protocol by its Smithy id. A new protocol is a file and a line here. */
const PROTOCOLS: Readonly<Record<string, ProtocolFactory>> = {
  "aws.protocols#restJson1": createRestJson,
};

export interface ServiceOptions<M> {
  readonly model: ServiceModel<M>;
  /** Default: the one the model names. */
  readonly protocol?: Protocol;
  readonly handlers: Handlers<M>;
  /** Told of every exception that is not a ServiceError: a fault of ours. */
  readonly onFault: (error: unknown, requestId: string) => void;
}

type AnyHandler = (input: Members, context: CallContext) => unknown;

/** @throws when the model's protocol is not one that this engine speaks. */
export function createService<M>(options: ServiceOptions<M>): WireService {
  const { model, onFault } = options;
  const protocol = options.protocol ?? protocolOf(model);
  const streamed = new Set([...model.operations.values()].filter(hasStreamedBody).map(({ name }) => name));
  const handlers = new Map(Object.entries(options.handlers) as [string, AnyHandler][]);

  async function call(request: WireRequest, context: CallContext): Promise<WireResponse> {
    const operation = protocol.route(request);
    if (operation instanceof ServiceError) throw operation;
    const handler = handlers.get(operation.name);
    if (handler === undefined) {
      throw commonError("NotImplementedException", `${model.name} ${operation.name} is not implemented by Alonzo`);
    }
    const limit = model.maxBodyBytes(operation.name);
    if (request.body.length > limit) throw requestTooLarge(operation.name, limit);
    const input = protocol.parse(operation, request);
    checkConstraints(operation.input, input);
    const output = await handler(input, context);
    return protocol.write(operation, (output ?? {}) as Members, context.requestId);
  }

  return {
    name: model.name,
    signingName: model.signingName,
    operationOf(method, path, query, headers) {
      const operation = protocol.route({ method, path, query, headers });
      return operation instanceof ServiceError ? undefined : operation.name;
    },
    maxBodyBytes: (operation) => model.maxBodyBytes(operation),
    streamsBody: (operation) => streamed.has(operation),
    async handle(request, context) {
      try {
        return await call(request, context);
      } catch (error) {
        if (error instanceof ServiceError) return protocol.fail(error, context.requestId);
        onFault(error, context.requestId);
        return protocol.fail(internalError(model), context.requestId);
      }
    },
    renderError: (error, requestId) => protocol.fail(error, requestId),
  };
}

/** Blobs only: a union that streams is a stream of events. */
function hasStreamedBody({ input }: Operation): boolean {
  return input.members.some(
    ({ target, traits }) =>
      traits.httpPayload && target.type === "blob" && (target.isStreaming || traits.streaming === 1),
  );
}

/** The service's own 500 if it has one; it says nothing of what went wrong with us. */
function internalError(model: ServiceModel): ServiceError {
  const message = "An error occurred and the request cannot be processed.";
  return model.error("ServiceException") === undefined
    ? commonError("InternalFailure", message)
    : serviceError(model, "ServiceException", message);
}

function protocolOf(model: ServiceModel): Protocol {
  const [name = ""] = model.protocols;
  const factory = PROTOCOLS[name];
  if (factory === undefined) throw new Error(`${model.name} speaks ${name}, which is not known here`);
  return factory(model);
}
