/** The one door: a node:http server with Alonzo's limits, its connections from inside sandboxes, and its draining. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { totalmem } from "node:os";
import type { Duplex } from "node:stream";
import { BrokenConnections } from "./broken-connection.ts";
import { BrowserGuard, hostName } from "./cors.ts";
import { Dispatch } from "./dispatch.ts";
import { Exchange } from "./exchange.ts";
import type { Gateway, GatewayLimits, GatewayOptions, InsideConnection } from "./gateway.ts";
import { InvokeLane } from "./invoke-lane.ts";
import { refusal } from "./refusal.ts";
import { UpgradeDoor } from "./upgrade-door.ts";

const LIMITS: GatewayLimits = {
  headTimeoutMs: 20_000,
  requestTimeoutMs: 300_000,
  keepAliveMs: 75_000,
  stallMs: 120_000,
  maxHeadBytes: 32_768,
  maxHeaders: 200,
  // Room for a few of the largest deployments at once: the AWS CLI and boto3 sign without telling the body's hash.
  unverifiedBytes: Math.max(256 * 1024 * 1024, Math.min(totalmem(), process.constrainedMemory() || totalmem()) / 8),
  drainReceiveMs: 5_000,
};

export function createGateway(options: GatewayOptions): Gateway {
  return new HttpGateway(options, { ...LIMITS, ...options.limits });
}

class HttpGateway implements Gateway {
  readonly #server: Server;
  readonly #dispatch: Dispatch;
  readonly #guard: BrowserGuard;
  readonly #limits: GatewayLimits;
  readonly #broken = new BrokenConnections();
  /** Broken, but not answered for before the requests that came in good order. */
  readonly #breaking = new WeakSet<Duplex>();
  readonly #lane: InvokeLane;
  readonly #upgrades: UpgradeDoor;
  readonly #general: (socket: Socket) => void;
  readonly #running = new Set<Exchange>();
  readonly #inside = new WeakMap<Duplex, InsideConnection>();
  #isDraining = false;
  #onIdle: (() => void) | undefined;

  constructor(options: GatewayOptions, limits: GatewayLimits) {
    this.#limits = limits;
    const surfaces = options.surfaces ?? [];
    const isOfFunctions = (host: string) => surfaces.some((surface) => surface.ownsHost(host));
    this.#guard = new BrowserGuard(options.allowedOrigins ?? [], options.hostNames ?? [], isOfFunctions);
    this.#dispatch = new Dispatch(options, this.#guard, limits);
    this.#upgrades = new UpgradeDoor(this.#dispatch.surfaces, this.#guard, limits.maxHeaders, options.log);
    this.#server = createServer({
      headersTimeout: limits.headTimeoutMs,
      // Bodies that are read as they come may take hours: how long the others may, the exchange minds.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(5_000, limits.headTimeoutMs),
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.maxHeadBytes,
      // Checked by readHead, which answers in AWS's shape.
      requireHostHeader: false,
      noDelay: true,
      shouldUpgradeCallback: (request) => this.#upgrades.wants(request),
    });
    // Node silently drops headers past its own count: the count is readHead's to refuse.
    this.#server.maxHeadersCount = 0;
    // A caller that has sent its request and closed its sending half still gets its answer.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    // Node takes connections for idle whose answer is still on its way to the caller.
    const closeIdle = this.#server.closeIdleConnections.bind(this.#server);
    this.#server.closeIdleConnections = () => {
      for (const { response } of this.#running) if (response.writableEnded) return;
      closeIdle();
    };
    this.#server.on("request", (request, response) => this.#serve(request, response, false));
    this.#server.on("checkContinue", (request, response) => this.#serve(request, response, true));
    this.#server.on("checkExpectation", (request, response) => {
      const exchange = new Exchange(request, response, true);
      exchange.fail(refusal("InvalidRequestException", "The expectation of the Expect header cannot be met"));
    });
    this.#server.on("upgrade", (request, socket, first) => {
      const isInside = this.#inside.has(request.socket);
      void this.#upgrades.take(request, socket, first, { isInside, isDraining: this.#isDraining });
    });
    this.#server.on("connect", (_, socket: Duplex) => this.#onBrokenConnection(new Error("CONNECT"), socket));
    this.#server.on("clientError", (error, socket: Duplex) => this.#onBrokenConnection(error, socket));
    // What node:http itself does with a new connection: the lane's connections come to it when they leave the lane.
    const [general] = this.#server.listeners("connection") as [(socket: Socket) => void];
    this.#server.removeAllListeners("connection");
    this.#lane = new InvokeLane({
      general: (socket) => this.#serveConnection(socket),
      cutOff: (socket) => this.#onBrokenConnection(new Error("the request was cut off"), socket),
      serve: (exchange, head, functionName) => this.#dispatch.runPlainInvoke(exchange, head, functionName),
      lambda: options.services.find((service) => service.signingName === "lambda"),
      isSurfaceHost: (host) => isOfFunctions(hostName(host)),
      keepAliveMs: limits.keepAliveMs,
      stallMs: limits.stallMs,
    });
    this.#general = (socket) => general.call(this.#server, socket);
    this.#server.on("connection", (socket: Socket) => {
      guardErrors(socket);
      this.#lane.take(socket);
    });
  }

  #serveConnection(socket: Socket): void {
    // Answers that wait behind another on a pipelined connection never hear that it closed.
    socket.once("close", () => {
      for (const exchange of this.#running) {
        if (exchange.request.socket !== socket) continue;
        this.#finish(exchange, "answered");
        exchange.onAbandoned?.();
      }
    });
    this.#general(socket);
  }

  async listen(port: number, host: string): Promise<{ port: number; host: string }> {
    this.#guard.checksHosts = host === "localhost" || host === "::1" || host.startsWith("127.");
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return { port: (this.#server.address() as AddressInfo).port, host };
  }

  accept(socket: Socket, local: InsideConnection): void {
    this.#inside.set(socket, local);
    guardErrors(socket);
    this.#serveConnection(socket);
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#lane.startDraining();
    this.#server.close();
    this.#server.closeIdleConnections();
    // Node stops watching its timeouts when it closes: nobody may hold the drain up by never finishing a request.
    const timer = setTimeout(() => {
      for (const { request } of this.#running) if (!request.complete) request.destroy();
    }, this.#limits.drainReceiveMs);
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#lane.drained();
    clearTimeout(timer);
    this.#lane.closeAll();
    this.#server.closeAllConnections();
    this.#upgrades.closeAll();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const exchange = new Exchange(request, response, awaitsContinue, {
      wholeMs: this.#limits.requestTimeoutMs,
      stallMs: this.#limits.stallMs,
      breakOff: () => this.#onBrokenConnection(new RequestTimeout(), request.socket),
    });
    exchange.isLast = this.#isDraining;
    this.#running.add(exchange);
    response.on("close", () => this.#finish(exchange, "answered"));
    const inside = this.#inside.get(request.socket)?.endpoint;
    // Fire and forget: run() never rejects.
    void this.#dispatch.run(exchange, inside, this.#isDraining).then(() => this.#finish(exchange, "handled"));
  }

  /** A request is over when its work is done, even if nobody waits for it any more, and its answer is on its way. */
  #finish(exchange: Exchange, part: "answered" | "handled"): void {
    if (part === "answered") exchange.isAnswered = true;
    else exchange.isHandled = true;
    if (exchange.isHandled && !exchange.isAnswered) this.#mind(exchange);
    if (!exchange.isAnswered || !exchange.isHandled) return;
    if (!exchange.request.complete) this.#broken.spend(exchange.request.socket);
    this.#running.delete(exchange);
    if (!this.#isDraining) return;
    this.#server.closeIdleConnections();
    if (this.#running.size === 0) this.#onIdle?.();
  }

  /** An answer is whole, and on its way to a caller who may never take it. */
  #mind({ request: { socket }, response }: Exchange): void {
    if (!response.writableEnded || response.socket === null || response.writableLength === 0) return;
    // Node ends connections whose timeout nobody listens for.
    socket.setTimeout(this.#limits.stallMs);
    response.once("close", () => {
      // The next answer of a pipelined connection may take as long as its function does.
      for (const { request } of this.#running) if (request.socket === socket) socket.setTimeout(0);
    });
  }

  #onBrokenConnection(error: Error & { code?: string }, socket: Duplex): void {
    const isLost = error.code === "ECONNRESET" || error.code === "EPIPE";
    let last: Exchange | undefined;
    for (const exchange of this.#running) {
      if (isLost || exchange.request.socket !== socket) continue;
      if (!exchange.request.complete) {
        if (exchange.response.headersSent) this.#broken.spend(socket);
        continue;
      }
      // Rubbish behind a good request: that one's answer comes first, and is the last on this connection.
      exchange.isLast = true;
      last = exchange;
    }
    // One that had begun could not say that it is the last. Behind a CONNECT nobody but us would ever close.
    if (last === undefined) this.#broken.answer(error, socket);
    else if (!this.#breaking.has(socket)) {
      this.#breaking.add(socket);
      last.response.once("close", () => this.#broken.answer(error, socket));
    }
  }
}

/** What node:http calls it when a request does not arrive in time. */
class RequestTimeout extends Error {
  readonly code = "ERR_HTTP_REQUEST_TIMEOUT";
}

/** Connections pass through several hands, of which some take their listeners with them: an error must always find one. */
function guardErrors(socket: Socket): void {
  socket.on("error", () => socket.destroy());
}
