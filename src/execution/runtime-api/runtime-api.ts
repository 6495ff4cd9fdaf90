/**
 * The Runtime API of one execution environment (2018-06-01, contract/02 §1), and beside it the Extensions API: tells the endpoints apart and answers what
 * is none of them. Which environment speaks is known from the listener that accepted the connection, never from what
 * it says.
 */
import type { Socket } from "node:net";
import { BodyBudget } from "../body-budget.ts";
import { CREDENTIALS_PATH } from "../container-credentials.ts";
import type { InvocationSlot } from "../invocation-slot.ts";
import { LargeBodies } from "../large-bodies.ts";
import { MAX_RESPONSE_BYTES } from "../outcome.ts";
import { Connection } from "./connection.ts";
import { answerCredentials } from "./credentials.ts";
import { answerInvocationError } from "./error.ts";
import { EXTENSIONS_ROOT, routeExtension } from "./extension.ts";
import type { ExtensionsSide } from "./extension-register.ts";
import type { Headers } from "./head.ts";
import { answerInitError } from "./init-error.ts";
import { answerNext } from "./next.ts";
import { refuseMethod, refusePath, sendText } from "./rendering.ts";
import type { Responder, RuntimeRequest } from "./request.ts";
import { answerResponse, openStream } from "./response.ts";
import { answerRestoreError, answerRestoreNext } from "./restore.ts";
import type { StreamedBody } from "./streamed-body.ts";
import { answerSubscription } from "./telemetry.ts";

const ROOT = "/2018-06-01";
const INVOCATION = `${ROOT}/runtime/invocation/`;
const RESPONSE = new RegExp(`^${INVOCATION}([^/]+)/response$`);

/** Two whole answers: a runtime sends one at a time. */
const BUDGET_BYTES = 2 * MAX_RESPONSE_BYTES;

export class RuntimeApi {
  readonly #slot: InvocationSlot;
  readonly #extensions: ExtensionsSide;
  readonly #largeBodies: LargeBodies;
  readonly #budget = new BodyBudget(BUDGET_BYTES);

  constructor(slot: InvocationSlot, extensions: ExtensionsSide, largeBodies = new LargeBodies()) {
    this.#slot = slot;
    this.#extensions = extensions;
    this.#largeBodies = largeBodies;
  }

  /** Serve a connection until it closes. */
  accept(socket: Socket): void {
    new Connection(socket, MAX_RESPONSE_BYTES, this.#budget, this.#largeBodies, {
      handle: (request, responder) => this.#handle(request, responder),
      stream: (method, path, headers) => this.#stream(method, path, headers),
    });
  }

  #handle(request: RuntimeRequest, responder: Responder): void {
    if (request.path.startsWith(EXTENSIONS_ROOT)) routeExtension(request, responder, this.#extensions);
    else route(request, responder, this.#slot, this.#extensions);
  }

  #stream(method: string, path: string, headers: Headers): StreamedBody | undefined {
    const [, requestId] = RESPONSE.exec(path) ?? [];
    return method === "POST" && requestId !== undefined ? openStream(headers, this.#slot, requestId) : undefined;
  }
}

function route(request: RuntimeRequest, responder: Responder, slot: InvocationSlot, side: ExtensionsSide): void {
  const { path, method } = request;
  if (path === `${INVOCATION}next`) {
    return method === "GET" ? answerNext(responder, slot) : refuseMethod(responder);
  }
  if (path.startsWith(INVOCATION)) {
    const [requestId, verb, ...rest] = path.slice(INVOCATION.length).split("/");
    if (rest.length === 0 && requestId && (verb === "response" || verb === "error")) {
      if (method !== "POST") return refuseMethod(responder);
      const answer = verb === "response" ? answerResponse : answerInvocationError;
      return answer(request, responder, slot, requestId);
    }
  }
  if (path === `${ROOT}/runtime/init/error`) {
    return method === "POST" ? answerInitError(request, responder, slot) : refuseMethod(responder);
  }
  if (path === `${ROOT}/runtime/restore/next`) {
    return method === "GET" ? answerRestoreNext(responder, slot) : refuseMethod(responder);
  }
  if (path === `${ROOT}/runtime/restore/error`) {
    return method === "POST" ? answerRestoreError(request, responder, slot) : refuseMethod(responder);
  }
  if (path === CREDENTIALS_PATH) return answerCredentials(request, responder, side.credentials);
  if (path === `${ROOT}/ping` && method === "GET") return sendText(responder, "200 OK", "pong");
  if (!answerSubscription(request, responder, side)) refusePath(responder);
}
