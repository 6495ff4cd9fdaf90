/** WebSocket APIs: a client connects, what it sends goes to the function of its route, and its leaving is told. */
import type { IncomingMessage } from "node:http";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Place } from "../../../functions/function-name.ts";
import type { Log } from "../../../observability/log.ts";
import type { Clock } from "../../../state/clock.ts";
import type { SurfaceRequest, SurfaceUpgrade } from "../../../wire/http-surface.ts";
import { newRequestToken } from "../api-ids.ts";
import type { ApiAddress } from "../execute/address.ts";
import type { ApiKeys } from "../execute/api-keys.ts";
import { apiRequest, executeArn, splitStage } from "../execute/api-request.ts";
import { parsed } from "../execute/authorizer-policy.ts";
import type { Called, FunctionCalls } from "../execute/function-calls.ts";
import { HTTP_PROBLEMS, Problem } from "../execute/problem.ts";
import { admitClient } from "./connect-authorizer.ts";
import { Connection, type Connections } from "./connections.ts";
import { connectEvent, disconnectEvent, messageEvent } from "./events.ts";
import type { ConnectionFacts } from "./shapes.ts";
import { routeOf, type WebSocketRoute, type WebSocketStage } from "./websocket-stage.ts";

/** bytes */
const MAX_MESSAGE_BYTES = 128 * 1024;
/** Messages of one client that functions have at once; then it is not read from. */
const MOST_AT_ONCE = 32;
const MOST_CONNECTIONS = 50_000;
const TAKEN: Called = { kind: "answer", payload: Buffer.from('{"statusCode":200}') };
const JSON_HEAD: readonly string[] = ["Content-Type", "application/json"];

export interface WebSocketApiParts {
  readonly stageOf: (apiId: string, name: string) => WebSocketStage | undefined;
  readonly connections: Connections;
  readonly keys: ApiKeys;
  readonly calls: FunctionCalls;
  readonly place: Place;
  readonly clock: Clock;
  readonly log: Log;
}

export class WebSocketApis {
  readonly #parts: WebSocketApiParts;
  readonly #server: WebSocketServer;
  /** What functions of $connect have chosen of what clients offer. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();

  constructor(parts: WebSocketApiParts) {
    this.#parts = parts;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      handleProtocols: (_, request) => this.#protocols.get(request) ?? false,
    });
  }

  /** Nobody but WebSocket clients has anything to ask here. */
  async handle(request: SurfaceRequest): Promise<void> {
    const { status, body } = HTTP_PROBLEMS.forbidden();
    request.send(status, [...JSON_HEAD, "x-amzn-ErrorType", "ForbiddenException"], body);
  }

  async upgrade(upgrade: SurfaceUpgrade, address: ApiAddress): Promise<void> {
    try {
      const { facts, stage } = await this.#admit(upgrade, address);
      const socket = await this.#handshake(upgrade);
      if (socket) this.#serve(new Connection(facts, socket, this.#parts.clock), socket, stage, upgrade.traceId);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      upgrade.refuse(error.status, [...JSON_HEAD, ...error.headers], error.body);
    }
  }

  /** @throws Problem for who may not connect */
  async #admit(
    upgrade: SurfaceUpgrade,
    address: ApiAddress,
  ): Promise<{ readonly facts: ConnectionFacts; readonly stage: WebSocketStage }> {
    const { stageOf, place, clock, keys, calls, connections } = this.#parts;
    const { stage: name, path } = splitStage(address.path);
    const stage = path === "/" ? stageOf(address.apiId, name) : undefined;
    if (!stage) throw HTTP_PROBLEMS.forbidden();
    if (connections.size >= MOST_CONNECTIONS) throw HTTP_PROBLEMS.tooManyRequests();
    const request = apiRequest(upgrade, address, { name, variables: stage.variables, path }, place, clock.now());
    const unknown: ConnectionFacts = {
      connectionId: newRequestToken(),
      apiId: address.apiId,
      stage: name,
      stageVariables: request.stageVariables,
      domainName: address.domainName,
      connectedAtMs: request.timeMs,
      identity: { sourceIp: upgrade.sourceIp, userAgent: upgrade.headers["user-agent"] },
      authorizer: undefined,
    };
    const route = stage.routes.get("$connect");
    if (!route) return { facts: unknown, stage };
    const authorizer = await admitClient(route.authorization, calls, upgrade, request, unknown);
    if (route.needsKey) {
      const key = keys.admit(upgrade.headers["x-api-key"], address.apiId, name);
      if (key === "unknown") throw HTTP_PROBLEMS.forbidden();
      if (key === "throttled") throw HTTP_PROBLEMS.tooManyRequests();
    }
    const facts = { ...unknown, authorizer };
    const isSigned = route.authorization.kind === "iam";
    const called = await this.#call(
      route,
      facts,
      connectEvent(facts, upgrade, request.token, isSigned),
      upgrade.traceId,
    );
    this.#readAnswer(called, facts, request.token, upgrade.incoming);
    return { facts, stage };
  }

  /** The function of $connect lets a client in by a status of success. @throws Problem */
  #readAnswer(called: Called, { connectionId }: ConnectionFacts, requestId: string, incoming: IncomingMessage): void {
    const failed = (status: number, message: string): never => {
      throw new Problem(status, "DEFAULT_5XX", { message, connectionId, requestId });
    };
    if (called.kind === "timeout") failed(504, "Endpoint request timed out");
    if (called.kind === "function-error") failed(502, "Internal server error");
    if (called.kind !== "answer") return failed(500, "Internal server error");
    const { statusCode, headers } = parsed(called.payload) ?? {};
    const status = Number(statusCode);
    if (!Number.isInteger(status) || status < 100 || status > 599) failed(502, "Internal server error");
    if (status < 200 || status >= 300) {
      throw new Problem(status, "FORBIDDEN", status === 401 ? "Unauthorized" : "Forbidden");
    }
    for (const [name, value] of Object.entries((headers ?? {}) as object)) {
      if (name.toLowerCase() === "sec-websocket-protocol") this.#protocols.set(incoming, String(value));
    }
  }

  /** @returns undefined when the request is none for a WebSocket after all: it is answered then */
  #handshake({ incoming, socket, first }: SurfaceUpgrade): Promise<WebSocket | undefined> {
    const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>();
    socket.once("close", () => resolve(undefined));
    this.#server.handleUpgrade(incoming, socket, first, resolve);
    return promise;
  }

  #serve(connection: Connection, socket: WebSocket, stage: WebSocketStage, traceId: string): void {
    const { connections, log } = this.#parts;
    const { connectionId } = connection.facts;
    connections.add(connection);
    let running = 0;
    socket.on("message", (data: RawData, isBinary: boolean) => {
      connection.touch();
      running++;
      if (running >= MOST_AT_ONCE) socket.pause();
      const body = Buffer.isBuffer(data) ? data : Buffer.concat(data as Buffer[]);
      void this.#message(connection, stage, body, !isBinary, traceId)
        .catch((error) => log.error("a message of a WebSocket failed", { connectionId, error }))
        .finally(() => {
          running--;
          if (socket.isPaused) socket.resume();
        });
    });
    socket.on("ping", () => connection.touch());
    socket.on("pong", () => connection.touch());
    // What is wrong with a client's frames closes its connection, and that is told.
    socket.on("error", () => {});
    socket.on("close", (code, reason) => {
      connections.remove(connection);
      void this.#leave(connection, stage, code, reason.toString(), traceId).catch((error) =>
        log.error("the end of a WebSocket could not be told", { connectionId, error }),
      );
    });
  }

  async #message(
    connection: Connection,
    connectedTo: WebSocketStage,
    body: Buffer,
    isText: boolean,
    traceId: string,
  ): Promise<void> {
    const { facts } = connection;
    const { stageOf, clock } = this.#parts;
    // What has been deployed since counts.
    const route = routeOf(stageOf(facts.apiId, facts.stage) ?? connectedTo, body, isText);
    const requestId = newRequestToken();
    const tell = (message: string): Promise<unknown> =>
      connection
        .send(Buffer.from(JSON.stringify({ message, connectionId: facts.connectionId, requestId })))
        .catch(() => {});
    if (!route) {
      await tell("Forbidden");
      return;
    }
    const message = { routeKey: route.routeKey, requestId, timeMs: clock.now() };
    const called = await this.#call(route, facts, messageEvent(facts, message, body, isText), traceId);
    if (called.kind === "timeout") await tell("Endpoint request timed out");
    else if (called.kind !== "answer") await tell("Internal server error");
    else if (route.answers) {
      const answer = parsed(called.payload);
      if (answer?.statusCode === undefined) await tell("Internal server error");
      else if (typeof answer.body === "string") await connection.send(bytesOf(answer.body, answer)).catch(() => {});
    }
  }

  async #leave(
    { facts }: Connection,
    connectedTo: WebSocketStage,
    code: number,
    reason: string,
    traceId: string,
  ): Promise<void> {
    const { stageOf, clock } = this.#parts;
    const { routes } = stageOf(facts.apiId, facts.stage) ?? connectedTo;
    const route = routes.get("$disconnect");
    if (!route) return;
    const end = { requestId: newRequestToken(), timeMs: clock.now(), code, reason };
    await this.#call(route, facts, disconnectEvent(facts, end), traceId);
  }

  #call(route: WebSocketRoute, facts: ConnectionFacts, event: object, traceId: string): Promise<Called> {
    const { integration, routeKey } = route;
    const { calls, place } = this.#parts;
    if (integration?.kind === "mock") return Promise.resolve(TAKEN);
    if (!integration?.target) return Promise.resolve({ kind: "unavailable" });
    const { target, usesRole, timeoutMs } = integration;
    const sourceArn = executeArn({ place, ...facts }, routeKey);
    return calls.call({ target, event, sourceArn, usesRole, timeoutMs, traceId });
  }
}

const bytesOf = (body: string, { isBase64Encoded }: Readonly<Record<string, unknown>>): Buffer =>
  Buffer.from(body, isBase64Encoded === true ? "base64" : "utf8");
