/**
 * A wire protocol: bytes in, plain input out, and the way back. One file per protocol; the engine and the services
 * know only this. Named after the server protocols of smithy-typescript: parse, write, fail.
 */
import type { Operation, ServiceModel } from "./model.ts";
import type { WireHead, WireRequest, WireResponse } from "./service.ts";
import type { ServiceError } from "./service-error.ts";

export type Members = Record<string, unknown>;
export type RequestHead = WireHead;
/** What tells the operation: with some protocols the body. */
export type Routable = RequestHead & { readonly body?: WireRequest["body"] };

export interface Protocol {
  /** Is the request in this protocol? Asked of services that speak several. */
  recognizes(head: RequestHead): boolean;
  /** Does nothing but the body tell which operation is meant? */
  routesByBody(head: RequestHead): boolean;
  /** The operation that a request means, or the error that says there is none. Never throws. */
  route(request: Routable): Operation | ServiceError;
  /** The operation's input, of the model's types, constraints not yet checked.
   * @throws ServiceError SerializationException for whatever cannot be read as the model says. */
  parse(operation: Operation, request: WireRequest): Members;
  /** Writes what the model knows of the output and drops the rest. */
  write(operation: Operation, output: Members, requestId: string): WireResponse;
  /** @param request absent for errors that were met before there was one */
  fail(error: ServiceError, requestId: string, request?: Pick<WireRequest, "method" | "path">): WireResponse;
}

export type ProtocolFactory = (model: ServiceModel) => Protocol;
