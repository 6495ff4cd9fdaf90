/**
 * A service on the wire: model, protocol and handlers joined. route → parse → constraints → handler → write, with one
 * exit for every failure. It knows no service and no state.
 */
import { commonError, requestTooLarge } from "./common-errors.ts";
import { findViolations, type Violation, violationsText } from "./constraints.ts";
import { serviceError } from "./fail.ts";
import type { Handlers, OperationName } from "./handlers.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { Members, Protocol } from "./protocol.ts";
import { Protocols } from "./protocols.ts";
import type { CallContext, WireRequest, WireResponse, WireService } from "./service.ts";
import { ServiceError } from "./service-error.ts";

export interface ServiceOptions<M> {
  readonly model: ServiceModel<M>;
  /** Default: those that the model names. */
  readonly protocol?: Protocol;
  readonly handlers: Handlers<M>;
  /** Operations that may be called without a signature: their handlers see an anonymous principal. */
  readonly open?: readonly OperationName<M>[];
  /** The service's own error for an input that breaks the model's constraints; default a ValidationException. */
  readonly invalidInput?: (violations: readonly Violation[]) => ServiceError;
  /** Told of every exception that is not a ServiceError: a fault of ours. */
  readonly onFault: (error: unknown, requestId: string) => void;
}

type AnyHandler = (input: Members, context: CallContext) => unknown;

/** @throws when the model's protocol is not one that this engine speaks. */
export function createService<M>(options: ServiceOptions<M>): WireService {
  const { model, onFault } = options;
  const protocols = options.protocol ? new Protocols([options.protocol]) : Protocols.of(model);
  const streamed = new Set(streamedBy(model).map(({ name }) => name));
  const handlers = new Map(Object.entries(options.handlers) as [string, AnyHandler][]);
  const open = new Set<string>(options.open);
  const invalidInput = options.invalidInput ?? validationException;

  async function call(protocol: Protocol, request: WireRequest, context: CallContext): Promise<WireResponse> {
    const operation = protocol.route(request);
    if (operation instanceof ServiceError) throw operation;
    const handler = handlers.get(operation.name);
    if (handler === undefined) {
      throw commonError("NotImplementedException", `${model.name} ${operation.name} is not implemented by Alonzo`);
    }
    const limit = model.maxBodyBytes(operation.name);
    if (request.body.length > limit) throw requestTooLarge(operation.name, limit);
    const input = protocol.parse(operation, request);
    const violations = findViolations(operation.input, input);
    if (violations.length > 0) throw invalidInput(violations);
    const output = await handler(input, context);
    return protocol.write(operation, (output ?? {}) as Members, context.requestId);
  }

  return {
    name: model.name,
    signingName: model.signingName,
    served: [...handlers.keys()],
    namesOperationInBody: (head) => protocols.spokenIn(head).routesByBody(head),
    operationOf(request) {
      const operation = protocols.spokenIn(request).route(request);
      return operation instanceof ServiceError ? undefined : operation.name;
    },
    isOpen: (operation) => open.has(operation),
    maxBodyBytes: (operation) => model.maxBodyBytes(operation),
    streamsBody: (operation) => streamed.has(operation),
    async handle(request, context) {
      const protocol = protocols.spokenIn(request);
      try {
        return await call(protocol, request, context);
      } catch (error) {
        if (error instanceof ServiceError) return protocol.fail(error, context.requestId, request);
        onFault(error, context.requestId);
        return protocol.fail(internalError(model), context.requestId, request);
      }
    },
    renderError: (error, requestId, head) => protocols.spokenIn(head).fail(error, requestId),
  };
}

/** Of the protocols, REST with XML alone reads bodies as they come. */
function streamedBy({ protocols, operations }: ServiceModel): Operation[] {
  return protocols.includes("aws.protocols#restXml") ? [...operations.values()].filter(hasStreamedBody) : [];
}

/** Blobs only: a union that streams is a stream of events. */
function hasStreamedBody({ input }: Operation): boolean {
  return input.members.some(
    ({ target, traits }) =>
      traits.httpPayload && target.type === "blob" && (target.isStreaming || traits.streaming === 1),
  );
}

function validationException(violations: readonly Violation[]): ServiceError {
  return commonError("ValidationException", violationsText(violations));
}

/** The service's own 500 if it has one; it says nothing of what went wrong with us. */
function internalError(model: ServiceModel): ServiceError {
  const message = "An error occurred and the request cannot be processed.";
  return model.error("ServiceException") === undefined
    ? commonError("InternalFailure", message)
    : serviceError(model, "ServiceException", message);
}
