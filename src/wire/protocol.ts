/**
 * A wire protocol: bytes in, plain input out, and the way back. One file per protocol; the engine and the services
 * know only this. Named after the server protocols of smithy-typescript: parse, write, fail.
 */
import type { Operation, ServiceModel } from "./model.ts";
import type { WireRequest, WireResponse } from "./service.ts";
import type { ServiceError } from "./service-error.ts";

export type Members = Record<string, unknown>;
export type RequestHead = Pick<WireRequest, "method" | "path" | "query" | "headers">;

export interface Protocol {
  /** The operation that a request means, or the error that says there is none. Never throws. */
  route(head: RequestHead): Operation | ServiceError;
  /** The operation's input, of the model's types, constraints not yet checked.
   * @throws ServiceError SerializationException for whatever cannot be read as the model says. */
  parse(operation: Operation, request: WireRequest): Members;
  /** Writes what the model knows of the output and drops the rest. */
  write(operation: Operation, output: Members, requestId: string): WireResponse;
  fail(error: ServiceError, requestId: string): WireResponse;
}

export type ProtocolFactory = (model: ServiceModel) => Protocol;
