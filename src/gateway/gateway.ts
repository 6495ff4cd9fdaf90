/** What the gateway offers and what it needs: the contract between server.ts and the composition root. */
import type { Socket } from "node:net";
import type { FunctionUrlDirectory } from "../functions/function-url-directory.ts";
import type { EventAcceptor } from "../invocation/async/event-acceptor.ts";
import type { Invoker } from "../invocation/invoker.ts";
import type { Log } from "../observability/log.ts";
import type { HttpSurface } from "../wire/http-surface.ts";
import type { Principal, WireResponse, WireService } from "../wire/service.ts";
import type { Authorize } from "./authorization.ts";
import type { CredentialStore } from "./credentials.ts";
import type { LayerPolicyOf, PolicyOf, ResourcePolicyOf } from "./permissions.ts";

export interface Gateway {
  /** Listen; port 0 picks a free one. @returns where it listens. */
  listen(port: number, host: string): Promise<{ readonly port: number; readonly host: string }>;
  /** Serve a connection that reached the region from inside a sandbox, as if it had come through the listener. */
  accept(socket: Socket, local: InsideConnection): void;
  /** Drain: no new connections or requests, running requests finish. Resolves when the last connection is closed. */
  close(): Promise<void>;
}

export interface InsideConnection {
  /** The region's URL as that sandbox knows it, e.g. http://169.254.100.1:4566. */
  readonly endpoint: string;
}

export interface GatewayOptions {
  /** Lambda must be among them: the Invoke path renders its errors with it. */
  readonly services: readonly WireService[];
  readonly credentials: CredentialStore;
  readonly invoker: Invoker;
  readonly events: EventAcceptor;
  readonly functionUrls: Pick<FunctionUrlDirectory, "find">;
  /** What is served over HTTP besides AWS's APIs and function URLs. */
  readonly surfaces?: readonly HttpSurface[];
  /** What callers may do by who they are. */
  readonly authorize: Authorize;
  /** The resource policies of functions. */
  readonly policyOf: PolicyOf;
  readonly layerPolicyOf: LayerPolicyOf;
  readonly resourcePolicyOf?: ResourcePolicyOf;
  readonly region: string;
  readonly accountId: string;
  /** Body of `GET /_alonzo/health`, at least `{status: "ready", version, isolation}`. */
  readonly health: () => Readonly<Record<string, unknown>>;
  readonly adminRoutes?: readonly AdminRoute[];
  /** Web origins besides loopback's that may call the API from a browser, e.g. https://console.example.org. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Host names besides loopback, addresses and AWS's own under which this region is reached, and, below each of them,
   * function URLs: `<url-id>.lambda-url.<region>.<host name>`.
   */
  readonly hostNames?: readonly string[];
  /** Only faults of ours are logged: nothing on the path of a good request. */
  readonly log: Log;
  readonly limits?: Partial<GatewayLimits>;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

export interface GatewayLimits {
  /** Time for the whole head of a request to arrive. */
  readonly headTimeoutMs: number;
  /** Time for the whole body to arrive, where it is not read as it comes. */
  readonly requestTimeoutMs: number;
  /** An idle connection is kept this long. */
  readonly keepAliveMs: number;
  /** A caller that takes nothing of a finished answer, or sends nothing of a body that is read as it comes, for so long is given up. */
  readonly stallMs: number;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  /** Bytes of bodies in memory of all those together whose signature is not verified before the body has come. */
  readonly unverifiedBytes: number;
  /** When draining, requests that are still being received get this long. */
  readonly drainReceiveMs: number;
}

/** A route of Alonzo's own under `/_alonzo/`: logs, code download. */
export interface AdminRoute {
  readonly method: string;
  /** Path prefix, e.g. `/_alonzo/logs/`. The longest one that fits wins. */
  readonly prefix: string;
  /** Without a signature anyone who reaches the port may call; with one, only administrators (header or presigned). */
  readonly signed: boolean;
  handle(request: AdminRequest): Promise<WireResponse> | WireResponse;
}

export interface AdminRequest {
  readonly method: string;
  /** Raw, still percent-encoded; free of dot segments. */
  readonly path: string;
  /** Raw query without the `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** Set when the route is signed. */
  readonly principal?: Principal;
  /** Fires when the caller is gone: what follows a log must then stop. */
  readonly signal: AbortSignal;
}
