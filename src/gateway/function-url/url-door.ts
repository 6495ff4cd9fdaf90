/**
 * The way in by function URLs: which function is meant, may the caller call it, the request as an event, and what the
 * function made of it as a response. Preflight requests are answered here where the owner has configured CORS.
 */
import type { BodyBudget } from "../../execution/body-budget.ts";
import { release } from "../../execution/body-memory.ts";
import { LARGE_BYTES, type Turn } from "../../execution/large-bodies.ts";
import type { Outcome } from "../../execution/outcome.ts";
import { functionArn, type Place } from "../../functions/function-name.ts";
import { type UrlAddress, urlOfHost, urlOfPath } from "../../functions/function-url-address.ts";
import type { FunctionUrlDirectory, UrlOwner } from "../../functions/function-url-directory.ts";
import type { Invoker } from "../../invocation/invoker.ts";
import { requestTooLarge } from "../../wire/common-errors.ts";
import { answerOf, type FunctionAnswer } from "../../wire/http-integration/answer.ts";
import { iamCallerOf } from "../../wire/http-integration/iam-caller.ts";
import { corsHeaders, isPreflight, preflightHeaders } from "../../wire/http-integration/owner-cors.ts";
import { MalformedAnswer } from "../../wire/http-integration/response-headers.ts";
import type { Authorize } from "../authorization.ts";
import { chunkedWireBytes } from "../aws-chunked.ts";
import { BodyBudgetSpent, BodyTooLarge } from "../body.ts";
import { hostName } from "../cors.ts";
import type { Call } from "../exchange.ts";
import type { OwnInvocation } from "../invoke-request.ts";
import type { OpenSignature } from "../open-signature.ts";
import { refusal } from "../refusal.ts";
import { isTreacherous, type RequestHead } from "../request-head.ts";
import { traceId } from "../request-id.ts";
import type { SignatureVerifier } from "../sigv4.ts";
import { forbidden, internalServerError, URL_ERRORS, unknownUrl } from "./errors.ts";
import { urlEvent } from "./event.ts";
import { mayCallUrl } from "./permission.ts";
import { StreamedAnswer } from "./streamed-answer.ts";

/** bytes: of the body, and of the event that is made of it */
const MAX_EVENT_BYTES = 6_291_456;
const NOTHING = Buffer.alloc(0);
/** Pages below the region's own origin must not act as the console's: the browser is to give them an origin of their own. */
const SANDBOX: readonly string[] = [
  "Content-Security-Policy",
  "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
];

/** Which URL a request means. */
export interface UrlTarget {
  readonly address: UrlAddress;
  /** Raw, below the URL's own root. */
  readonly path: string;
  /** By a host name of its own, where the region's rules for browsers do not hold, or below the region's own. */
  readonly by: "host" | "path";
}

export interface UrlDoorParts {
  readonly directory: Pick<FunctionUrlDirectory, "find">;
  readonly verifier: SignatureVerifier;
  readonly unverified: BodyBudget;
  readonly invoker: Invoker;
  readonly authorize: Authorize;
  readonly place: Place;
  readonly hostNames: readonly string[];
  readonly now: () => number;
}

export class UrlDoor {
  readonly #parts: UrlDoorParts;
  /** Clients say the same host again and again: it is taken apart once. */
  #lastHost = "";
  #lastAddress: UrlAddress | undefined;

  constructor(parts: UrlDoorParts) {
    this.#parts = parts;
  }

  /** @param host as the Host header says it */
  match(host: string, path: string): UrlTarget | undefined {
    if (host !== this.#lastHost) {
      this.#lastHost = host;
      this.#lastAddress = urlOfHost(hostName(host), this.#parts.hostNames);
    }
    if (this.#lastAddress) return { address: this.#lastAddress, path, by: "host" };
    const byPath = urlOfPath(path, this.#parts.place.region);
    return byPath && { ...byPath, by: "path" };
  }

  /** @throws ServiceError, InvokeRefusal */
  async handle(call: Call & { readonly turn?: Pick<Turn, "leave"> }, target: UrlTarget): Promise<void> {
    const { exchange, head } = call;
    exchange.service = URL_ERRORS;
    const { directory, place } = this.#parts;
    const owner = target.address.region === place.region ? await directory.find(target.address.urlId) : undefined;
    if (owner === undefined) return exchange.reply(unknownUrl());
    const { cors } = owner.url;
    exchange.extraHeaders = [...(target.by === "path" ? SANDBOX : []), ...(cors ? corsHeaders(cors, head) : [])];
    if (cors && isPreflight(head)) {
      const headers = ["x-amzn-RequestId", exchange.requestId, "Content-Length", "0", ...preflightHeaders(cors, head)];
      return exchange.send(200, headers, NOTHING);
    }
    const arn = functionArn(place, owner.functionName, owner.alias);
    const sourceIp = addressOf(exchange.request.socket.remoteAddress);
    const signature = this.#permitted(head, owner, arn, sourceIp);
    if (signature === "forbidden") return exchange.reply(forbidden());
    const invocation = await this.#invocation(call, target, arn, sourceIp, signature);
    const letGo = this.#hold(invocation, call.turn);
    try {
      await this.#invoke(call, owner, invocation);
    } finally {
      letGo();
    }
  }

  async #invocation(
    call: Call,
    { path, address }: UrlTarget,
    arn: string,
    sourceIp: string,
    signature: OpenSignature | undefined,
  ): Promise<OwnInvocation> {
    const { exchange, head } = call;
    const body = await this.#body(call, signature);
    const trace = traceId(head.headers["x-amzn-trace-id"], this.#parts.now());
    const payload = urlEvent({
      head,
      path,
      address,
      protocol: `HTTP/${exchange.request.httpVersion}`,
      sourceIp,
      port: exchange.request.socket.localPort ?? 80,
      body,
      requestId: exchange.requestId,
      traceId: trace,
      timeMs: this.#parts.now(),
      caller: signature && iamCallerOf(signature.principal, signature.accessKeyId),
    });
    if (payload.length > MAX_EVENT_BYTES) throw requestTooLarge("InvokeFunction", MAX_EVENT_BYTES);
    return { requestId: exchange.requestId, payload, invokedFunctionArn: arn, traceId: trace };
  }

  /** Anyone may send large events to more functions than can run: each counts until its function has it. @returns its end */
  #hold(invocation: OwnInvocation, turn: Pick<Turn, "leave"> | undefined): () => void {
    const { payload } = invocation;
    const bytes = payload.length;
    if (bytes <= LARGE_BYTES) return () => {};
    const { unverified } = this.#parts;
    if (!unverified.take(bytes)) throw new BodyBudgetSpent("no room for the event");
    let isHeld = true;
    const letGo = (): void => {
      if (!isHeld) return;
      isHeld = false;
      unverified.giveBack(bytes);
      invocation.payload = NOTHING;
      turn?.leave();
    };
    // Only then is it known that it is not on its way any more.
    invocation.onDelivered = () => {
      letGo();
      release(payload);
    };
    return letGo;
  }

  /** @returns the signature, undefined where none is asked for */
  #permitted(
    head: RequestHead,
    { url, policy }: UrlOwner,
    resource: string,
    sourceIp: string,
  ): OpenSignature | undefined | "forbidden" {
    const { verifier, authorize, now } = this.#parts;
    const signature = url.authType === "AWS_IAM" ? verifier.open(head, "lambda") : undefined;
    // Signatures cover normalised paths: what differs from the path that the function sees must not be in it.
    if (signature && isTreacherous(head.path)) {
      throw refusal("ValidationException", "The request path must not contain dot segments or NULs");
    }
    const principal = signature?.principal;
    const { headers } = head;
    const { authType } = url;
    const call = { principal, authType, resource, policy, sourceIp, headers, nowMs: now() };
    return mayCallUrl(authorize, call) ? signature : "forbidden";
  }

  async #body({ exchange }: Call, signature: OpenSignature | undefined): Promise<Buffer> {
    const limit = signature?.isChunked ? chunkedWireBytes(MAX_EVENT_BYTES) : MAX_EVENT_BYTES;
    const budget = signature?.isVerified ? undefined : this.#parts.unverified;
    try {
      const wire = await exchange.readBody(limit, budget);
      return signature ? signature.accept(wire) : wire;
    } catch (error) {
      throw error instanceof BodyTooLarge ? requestTooLarge("InvokeFunction", MAX_EVENT_BYTES) : error;
    }
  }

  async #invoke({ exchange }: Call, owner: UrlOwner, invocation: OwnInvocation): Promise<void> {
    const { functionName, alias, url } = owner;
    const ownsCors = url.cors !== undefined;
    const common = ["x-amzn-RequestId", exchange.requestId, "X-Amzn-Trace-Id", invocation.traceId];
    const sink = url.invokeMode === "RESPONSE_STREAM" ? new StreamedAnswer(exchange, common, ownsCors) : undefined;
    // Not in a copy: that would keep a large event for as long as its function runs.
    if (sink) invocation.sink = sink;
    try {
      const outcome = await this.#parts.invoker.invoke({
        functionName,
        qualifier: alias,
        wantsLogTail: false,
        invocation,
      });
      const answer = sink ? sink.end(outcome) : buffered(outcome, ownsCors);
      if (answer === undefined) return;
      const length =
        answer.status === 204 || answer.status === 304 ? [] : ["Content-Length", String(answer.body.length)];
      exchange.send(answer.status, [...answer.headers, ...length, ...common], answer.body);
    } catch (error) {
      sink?.breakOff();
      if (!(error instanceof MalformedAnswer)) throw error;
      exchange.reply(internalServerError(502));
    }
  }
}

function buffered(outcome: Outcome, ownsCors: boolean): FunctionAnswer {
  if (outcome.functionError !== undefined) throw new MalformedAnswer(outcome.errorType ?? outcome.kind);
  return answerOf(outcome.payload, ownsCors);
}

/** IPv4 as such, also when it came over a socket that speaks IPv6. */
function addressOf(address = ""): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
