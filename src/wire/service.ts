/**
 * What the gateway and a service have in common: a request whose bytes were read and whose signature was checked goes
 * in, a response comes out. A service is a model, a protocol and a map of handlers (engine.ts builds it from these).
 */
import type { Readable } from "node:stream";
import type { ServiceError } from "./service-error.ts";

/** Who calls: decided by the gateway from the signature. */
export interface Principal {
  /** e.g. arn:aws:iam::000000000000:root or arn:aws:sts::000000000000:assumed-role/<role>/<function> */
  readonly arn: string;
  readonly accountId: string;
  readonly kind: "administrator" | "execution-role" | "anonymous";
}

/** What a handler knows about the call besides its input. */
export interface CallContext {
  readonly requestId: string;
  readonly principal: Principal;
  readonly region: string;
  readonly accountId: string;
  /** http://host:port as the caller reached us: the base of URLs handed out. */
  readonly endpoint: string;
  /** Address of the caller; absent for calls from within the region. */
  readonly sourceIp?: string;
  /** Fires when the caller is gone before it has its answer: for those who have it wait. Costs something to ask. */
  callerGone?(): AbortSignal;
  /** X-Ray header of a caller who is part of a trace: whatever follows from the call carries it on (lineage.ts). */
  readonly traceId?: string;
}

/**
 * A body that is read as it comes: a reader that is slow makes its sender wait. Can be read once. What it yields is
 * there until the next is asked for: its memory may be given back then.
 */
export interface BodyStream extends AsyncIterable<Buffer> {
  /** bytes, as declared; undefined when the caller did not say. */
  readonly length: number | undefined;
  /** Names of the headers that will come behind the body, as its head announced them. */
  readonly announced: readonly string[];
  /** Headers that came behind the body, names in lower case: complete when it was read to its end. */
  readonly trailers: Readonly<Record<string, string>>;
}

export interface WireRequest {
  readonly method: string;
  /** Raw, still percent-encoded. */
  readonly path: string;
  /** Raw query without the `?`, possibly empty. */
  readonly query: string;
  /** Names in lower case, repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** In place of `body`, which is empty then, for operations that stream theirs. */
  readonly stream?: BodyStream;
}

/** A request before its body is read. */
export type WireHead = Omit<WireRequest, "body">;

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | Readable;
}

export interface WireService {
  /** e.g. `lambda` */
  readonly name: string;
  /** Service name in the credential scope of its signatures. */
  readonly signingName: string;
  /** Names of the operations that have a handler. */
  readonly served: readonly string[];
  /** Does nothing but the body tell which operation is meant (query protocols)? */
  namesOperationInBody(head: WireHead): boolean;
  /** Name of the operation that this request means, or undefined when there is none. Never throws. */
  operationOf(request: WireHead & { readonly body?: WireRequest["body"] }): string | undefined;
  /** May it be called without a signature? Its handler then decides by itself what an anonymous caller may. */
  isOpen(operation: string): boolean;
  /** The largest body, in bytes, that this operation reads; one byte more and the gateway answers the service's 413. */
  maxBodyBytes(operation: string): number;
  /** Does this operation read its body as it comes, however large it is? */
  streamsBody(operation: string): boolean;
  /** Is the path, which a request without a signature names, one of its own? Asked where nothing else tells the service. */
  ownsPath?(head: WireHead): boolean;
  /**
   * May a web page of another origin see the answer, or for OPTIONS: may it make the request that it asks about?
   * @returns the headers that say so; undefined when the service has nothing to say of it
   */
  sharedWith?(head: WireHead): Readonly<Record<string, string>> | undefined;
  /** Never rejects: every failure is already a response in the service's protocol. */
  handle(request: WireRequest, context: CallContext): Promise<WireResponse>;
  /** Render an error that was met outside handle() (signature, body limit) in the service's protocol. Of several it is
   * the request's own. */
  renderError(error: ServiceError, requestId: string, head?: WireHead): WireResponse;
}
