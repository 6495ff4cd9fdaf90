/**
 * The way of one request through the gateway: head, browser rules, then one of the doors. The one place where
 * exceptions end: the caller's become their answer, faults of ours are logged and become a 500 that tells nothing.
 */

import { BodyBudget } from "../execution/body-budget.ts";
import { LARGE_BYTES, LargeBodies, type Turn } from "../execution/large-bodies.ts";
import { InvokeRefusal } from "../invocation/refusal.ts";
import type { WireService } from "../wire/service.ts";
import { ServiceError } from "../wire/service-error.ts";
import { AdminDoor } from "./admin-door.ts";
import { BodyBudgetSpent, BodyTooLarge, ConnectionLost, declaredBytes } from "./body.ts";
import type { BrowserGuard } from "./cors.ts";
import type { Call, Exchange } from "./exchange.ts";
import { UrlDoor } from "./function-url/url-door.ts";
import type { GatewayLimits, GatewayOptions } from "./gateway.ts";
import { InvokeAsyncDoor } from "./invoke-async-door.ts";
import { InvokeDoor } from "./invoke-door.ts";
import { InvokeReader } from "./invoke-request.ts";
import type { LaneExchange } from "./lane-exchange.ts";
import { Permissions } from "./permissions.ts";
import { refusal } from "./refusal.ts";
import { type RequestHead, readHead } from "./request-head.ts";
import { ServiceDoor } from "./service-door.ts";
import { SignatureVerifier } from "./sigv4.ts";
import { StreamDoor } from "./stream-door.ts";
import { SurfaceDoor } from "./surface-door.ts";

type TurnCall = Call & { readonly turn?: Pick<Turn, "leave"> };

export class Dispatch {
  readonly #invoke: InvokeDoor;
  readonly #invokeAsync: InvokeAsyncDoor;
  readonly #stream: StreamDoor;
  readonly #service: ServiceDoor;
  readonly #admin: AdminDoor;
  readonly #url: UrlDoor;
  readonly surfaces: SurfaceDoor;
  readonly #services: readonly WireService[];
  readonly #lambda: WireService | undefined;
  readonly #guard: BrowserGuard;
  readonly #largeEvents = new LargeBodies();
  /** Anyone may send to a function URL: that must not hold up those who call the API. */
  readonly #largeUploads = new LargeBodies();
  readonly #log: GatewayOptions["log"];
  readonly #maxHeaders: number;

  constructor(options: GatewayOptions, guard: BrowserGuard, { maxHeaders, unverifiedBytes }: GatewayLimits) {
    const { services, region, accountId, now = Date.now } = options;
    const place = { region, accountId };
    const permissions = new Permissions(options.authorize, options, now);
    const verifier = new SignatureVerifier(options.credentials, region, now);
    // For those whose signature can be checked only with the body: without a bound whoever knows an access key's name,
    // but not its secret, could fill the memory.
    const unverified = new BodyBudget(unverifiedBytes);
    const reader = new InvokeReader(verifier, unverified, permissions, place, now);
    this.#invoke = new InvokeDoor(reader, options.invoker, options.events);
    this.#invokeAsync = new InvokeAsyncDoor(reader, options.events);
    this.#stream = new StreamDoor(reader, options.invoker);
    this.#service = new ServiceDoor(services, verifier, unverified, permissions, place);
    this.#admin = new AdminDoor(options.adminRoutes ?? [], verifier, options.health);
    const { functionUrls: directory, invoker, authorize, hostNames = [] } = options;
    this.#url = new UrlDoor({ directory, verifier, unverified, invoker, authorize, place, hostNames, now });
    const { surfaces = [] } = options;
    this.surfaces = new SurfaceDoor({ surfaces, verifier, unverified, authorize, now });
    this.#services = services;
    this.#lambda = services.find((service) => service.signingName === "lambda");
    this.#guard = guard;
    this.#log = options.log;
    this.#maxHeaders = maxHeaders;
  }

  /** Answer one request. Never rejects. @param inside the region's URL as the sandbox knows it that the request is from */
  async run(exchange: Exchange, inside: string | undefined, isDraining: boolean): Promise<void> {
    try {
      await this.#route(exchange, inside, isDraining);
    } catch (error) {
      this.#end(exchange, error);
    }
  }

  /** The same for a plain invoke, which has come past node:http. Never rejects. */
  async runPlainInvoke(exchange: LaneExchange, head: RequestHead, functionName: string): Promise<void> {
    try {
      this.#guard.admitHost(head.headers.host ?? "", false);
      exchange.extraHeaders = this.#guard.admitOrigin(head);
      await this.#invoke.handle({ exchange, head }, functionName);
    } catch (error) {
      this.#end(exchange, error);
    }
  }

  async #route(exchange: Exchange, inside: string | undefined, isDraining: boolean): Promise<void> {
    const head = readHead(exchange.request, this.#maxHeaders);
    const host = head.headers.host ?? "";
    const url = this.#url.match(host, head.path);
    const surface = url === undefined ? this.surfaces.match(host, head.path) : undefined;
    const page = url ?? surface;
    // The host names of functions are for these alone, and for pages of any origin that their owners allow.
    if (page?.by !== "host") this.#guard.admitHost(host, inside !== undefined);
    const shared = page === undefined && head.headers.origin !== undefined ? this.#sharedWith(head) : undefined;
    if (shared) exchange.extraHeaders = shared.headers;
    else if (page === undefined) exchange.extraHeaders = this.#guard.admitOrigin(head);
    const call = { exchange, head, endpoint: inside ?? `http://${host}` };
    const isAdmin = page === undefined && AdminDoor.matches(head.path);
    if (isAdmin && this.#admin.answerHealth(call, isDraining)) return;
    if (isDraining) throw refusal("ServiceUnavailable", "The region is shutting down");
    if (url !== undefined) return this.#inTurn(call, (one) => this.#url.handle(one, url), this.#largeUploads);
    if (shared) return this.#serveShared(call, shared.service);
    if (surface?.call) return this.#service.handle(call, surface.call);
    if (surface) return this.#inTurn(call, (one) => this.surfaces.handle(one, surface), this.#largeUploads);
    if (head.method === "OPTIONS" && head.headers.origin !== undefined) {
      exchange.reply({ status: 204, headers: this.#guard.preflight(head), body: Buffer.alloc(0) });
      return;
    }
    const invokedName = InvokeDoor.match(head.method, head.path);
    if (invokedName !== undefined) {
      exchange.service = this.#lambda;
      return this.#inTurn(call, (one) => this.#invoke.handle(one, invokedName));
    }
    const streamedName = StreamDoor.match(head.method, head.path);
    if (streamedName !== undefined) {
      exchange.service = this.#lambda;
      return this.#inTurn(call, (one) => this.#stream.handle(one, streamedName));
    }
    const asyncName = InvokeAsyncDoor.match(head.method, head.path);
    if (asyncName !== undefined) {
      exchange.service = this.#lambda;
      return this.#invokeAsync.handle(call, asyncName);
    }
    return isAdmin ? this.#admin.handle(call) : this.#service.handle(call);
  }

  /** What a service shares with web pages of other origins, because its owner said so, and how the answer says it. */
  #sharedWith(head: RequestHead): { readonly service: WireService; readonly headers: readonly string[] } | undefined {
    for (const service of this.#services) {
      const headers = service.sharedWith?.(head);
      if (headers) return { service, headers: Object.entries(headers).flat() };
    }
    return undefined;
  }

  /** To that service and no other, whatever else the path could mean: nobody else has let the page in. */
  #serveShared(call: Call, service: WireService): Promise<void> | void {
    if (call.head.method !== "OPTIONS") return this.#service.handle(call, { service, path: call.head.path });
    call.exchange.reply({ status: 200, headers: {}, body: Buffer.alloc(0) });
  }

  /** A large event is not read before there is room for it in memory; one of undeclared length not past what is large. */
  async #inTurn(call: Call, handle: (call: TurnCall) => Promise<void>, turns = this.#largeEvents): Promise<void> {
    const { exchange } = call;
    const bytes = declaredBytes(exchange.request);
    if (bytes !== undefined && !(bytes > LARGE_BYTES)) return handle(call);
    let turn: Turn | undefined;
    const enter = (): Promise<void> => {
      const hasCome = Promise.withResolvers<void>();
      turn = turns.enter(hasCome.resolve);
      return hasCome.promise;
    };
    if (bytes === undefined) exchange.onLargeBody = enter;
    else await enter();
    try {
      await handle({ ...call, turn: { leave: () => turn?.leave() } });
    } finally {
      turn?.leave();
    }
  }

  #end(exchange: Exchange | LaneExchange, error: unknown): void {
    if (error instanceof ConnectionLost) return;
    try {
      exchange.fail(this.#toServiceError(error, exchange.requestId));
    } catch (unanswerable) {
      this.#log.error("an answer could not be written", { requestId: exchange.requestId, error: unanswerable });
      exchange.abandon();
    }
  }

  #toServiceError(error: unknown, requestId: string): ServiceError {
    if (error instanceof ServiceError) return error;
    if (error instanceof InvokeRefusal) return refusal(error.code, error.message, error.members, error);
    if (error instanceof BodyTooLarge) {
      return refusal("RequestEntityTooLargeException", "The request body is too large");
    }
    if (error instanceof BodyBudgetSpent) {
      return refusal("ServiceUnavailable", "Too many request bodies are being received at once. Please try again.");
    }
    this.#log.error("a request failed by a fault of ours", { requestId, error });
    return refusal("ServiceException", "An error occurred and the request cannot be processed.", {}, error);
  }
}
