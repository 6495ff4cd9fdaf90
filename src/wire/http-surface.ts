/**
 * HTTP that the region serves and that is no AWS API: what API Gateway makes of functions. The contract between the gateway,
 * which has connections, signatures and limits, and a service, which knows what its callers are to see.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Principal, WireResponse, WireService } from "./service.ts";
import type { ServiceError } from "./service-error.ts";

export interface HttpSurface {
  /**
   * Is this host name the surface's alone? The region's own API is then not served under it, and its pages are strangers
   * to the region. @param host lower case, without port
   */
  ownsHost(host: string): boolean;
  /** What a request is for, or undefined when it is none of the surface's. Asked of every request. @param host as ownsHost */
  match(host: string, path: string): SurfaceMatch | undefined;
}

export interface SurfaceMatch {
  /** By a host name of the surface's own, or beneath a path of the region's. */
  readonly by: "host" | "path";
  /** An AWS API beneath the surface: its signature and permission are checked as any other's, its path is this one. */
  readonly call?: { readonly service: WireService; readonly path: string };
  /** @throws anything that is not the caller's or the function's fault */
  handle(request: SurfaceRequest): Promise<void>;
  /** The request asks for a WebSocket: take the connection over, or refuse. */
  upgrade(request: SurfaceUpgrade): Promise<void>;
  /** What the gateway has to tell: a body that is too large, no room for it, a region that is shutting down, a fault of ours. */
  renderError(error: ServiceError, requestId: string): WireResponse;
}

/** What is known of a request before its body. */
export interface SurfaceHead {
  readonly method: string;
  /** As the request line says it, still percent-encoded, whatever part of it names the surface. */
  readonly path: string;
  /** Raw, without the `?`. */
  readonly query: string;
  /** Names in lower case, repeated headers joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** UUID */
  readonly requestId: string;
  /** X-Ray header: the caller's, or a new one. */
  readonly traceId: string;
  readonly sourceIp: string;
  /** The port that the caller reached. */
  readonly port: number;
  /** HTTP/1.1 */
  readonly protocol: string;
  /**
   * Who signed the request. Where the signature covers the body readBody() checks that.
   * @param service signing name that the signature must be for
   * @throws ServiceError with AWS's names for all that can be wrong
   */
  signer(service: string): SurfaceSigner;
}

export interface SurfaceSigner {
  readonly principal: Principal;
  readonly accessKeyId: string;
  /** By who the signer is: may it? @param action e.g. `execute-api:Invoke` */
  may(action: string, resource: string): boolean;
}

export interface SurfaceRequest extends SurfaceHead {
  /** @param limit bytes @throws ServiceError RequestEntityTooLargeException, and what else the gateway refuses */
  readBody(limit: number): Promise<Buffer>;
  /**
   * Count an event's memory until the function has it. @returns what is called when it has, or never will: more than once
   * does no harm @throws ServiceError when there is no room
   */
  hold(bytes: number): () => void;
  /** @param headers names and values in turn, complete but for Content-Length */
  send(status: number, headers: readonly string[], body: Buffer): void;
  /** The answer as it comes. @param headers names and values in turn */
  stream(status: number, headers: readonly string[]): SurfaceStream;
  /** Nobody is there to take an answer. */
  readonly isAbandoned: boolean;
  /** The one listener for when a streamed answer's reader takes more again, or is gone. */
  onDrain(listener: () => void): void;
}

export interface SurfaceStream {
  /** @returns false when the next should wait until it has drained */
  write(chunk: Buffer, onDone?: () => void): boolean;
  end(): void;
  /** It cannot be completed: the connection is cut, which is the only way left to tell. */
  abandon(): void;
}

export interface SurfaceUpgrade extends SurfaceHead {
  /** For whoever completes the handshake. The connection is theirs from then on. */
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** What has come behind the request's head. */
  readonly first: Buffer;
  /** Answer with a plain HTTP response, and close. */
  refuse(status: number, headers: readonly string[], body: Buffer): void;
}
