/** Requests to HTTP APIs: the stage, CORS, the route, who calls, and what answers. */
import type { Place } from "../../../functions/function-name.ts";
import type { Clock } from "../../../state/clock.ts";
import { answerOf } from "../../../wire/http-integration/answer.ts";
import {
  corsHeaders,
  isPreflight,
  type OwnerCors,
  preflightHeaders,
} from "../../../wire/http-integration/owner-cors.ts";
import { MalformedAnswer } from "../../../wire/http-integration/response-headers.ts";
import type { SurfaceRequest } from "../../../wire/http-surface.ts";
import type { ApiAddress } from "./address.ts";
import { type ApiRequest, apiRequest, decodedPath, executeArn, type Matched, splitStage } from "./api-request.ts";
import { type Caller, eventV1, eventV2, isTextRequest, withBody } from "./events.ts";
import type { Called, FunctionCalls } from "./function-calls.ts";
import type { HttpAuthorizers } from "./http-authorizers.ts";
import { passOn, proxyUrl } from "./http-proxy.ts";
import type { HttpIntegration, HttpRoute, HttpStage } from "./http-stage.ts";
import { HTTP_PROBLEMS, Problem } from "./problem.ts";
import { type ProxyAnswer, proxyAnswer } from "./proxy-answer.ts";

/** bytes */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
/** HTTP APIs say so of an answer with a statusCode and no type. */
const TEXT_TYPE: readonly string[] = ["Content-Type", "text/plain;charset=utf-8"];

export interface HttpApiParts {
  /** A stage of an API as it is deployed. */
  readonly stageOf: (apiId: string, name: string) => HttpStage | undefined;
  readonly authorizers: HttpAuthorizers;
  readonly calls: FunctionCalls;
  readonly place: Place;
  readonly clock: Clock;
}

export class HttpApis {
  readonly #parts: HttpApiParts;

  constructor(parts: HttpApiParts) {
    this.#parts = parts;
  }

  async handle(surface: SurfaceRequest, address: ApiAddress): Promise<void> {
    const { place, clock } = this.#parts;
    const found = this.#stage(address);
    const stage = found?.stage;
    const request = apiRequest(
      surface,
      address,
      { name: stage?.name ?? "$default", variables: stage?.variables, path: found?.path ?? address.path },
      place,
      clock.now(),
    );
    const cors = stage?.cors && withOriginOfScheme(stage.cors, surface.headers.origin);
    const common = [
      "apigw-requestid",
      request.token,
      ...(cors && surface.headers.origin !== undefined ? corsHeaders(cors, surface) : []),
    ];
    if (cors && isPreflight(surface)) {
      surface.send(204, [...common, ...preflightHeaders(cors, surface)], NOTHING);
      return;
    }
    try {
      if (!stage) throw HTTP_PROBLEMS.notFound();
      const answer = await this.#answer(surface, request, stage, cors !== undefined);
      surface.send(answer.status, [...answer.headers, ...common], answer.body);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      surface.send(error.status, ["Content-Type", "application/json", ...error.headers, ...common], error.body);
    }
  }

  /** The stage that the path's first part names, or the default one, which has all of the path. */
  #stage({ apiId, path }: ApiAddress): { readonly stage: HttpStage; readonly path: string } | undefined {
    const { stageOf } = this.#parts;
    const split = splitStage(path);
    const named = split.stage === "" ? undefined : stageOf(apiId, split.stage);
    if (named) return { stage: named, path: split.path };
    const whole = stageOf(apiId, "$default");
    return whole && { stage: whole, path };
  }

  async #answer(
    surface: SurfaceRequest,
    request: ApiRequest,
    stage: HttpStage,
    ownsCors: boolean,
  ): Promise<ProxyAnswer> {
    const { route, matched } = routeOf(stage, request);
    if (route.throttle?.admits(this.#parts.clock.now()) === false) throw HTTP_PROBLEMS.tooManyRequests();
    const { integration } = route;
    if (!integration) throw HTTP_PROBLEMS.internal();
    const format = integration.kind === "function" ? integration.format : "2.0";
    const caller = await this.#parts.authorizers.admit(route.authorization, surface, request, matched, format);
    const body = await surface.readBody(MAX_BODY_BYTES);
    if (integration.kind === "http") return this.#passOn(integration, request, matched, body);
    const called = await this.#call(integration, surface, request, matched, caller, body);
    try {
      return integration.format === "2.0"
        ? answerOf(called, ownsCors, TEXT_TYPE)
        : proxyAnswer(called, { defaultType: TEXT_TYPE, ownsCors, decodes: () => true });
    } catch (error) {
      throw error instanceof MalformedAnswer ? HTTP_PROBLEMS.internal() : error;
    }
  }

  async #call(
    integration: HttpIntegration & { readonly kind: "function" },
    surface: SurfaceRequest,
    request: ApiRequest,
    matched: Matched,
    caller: Caller,
    body: Buffer,
  ): Promise<Buffer> {
    const { target, usesRole, format, timeoutMs } = integration;
    if (!target) throw HTTP_PROBLEMS.internal();
    const path = decodedPath(request.fullPath) ?? request.fullPath;
    const more = { version: "1.0", path, requestId: request.token, resourceId: null } as const;
    const event =
      format === "2.0"
        ? eventV2(request, matched, caller, body.length)
        : eventV1(request, matched, caller, body.length, more);
    return payloadOf(
      await this.#parts.calls.call({
        target,
        event: withBody(event, body, isTextRequest(request, body)),
        sourceArn: executeArn(request, sourceOf(request, matched)),
        usesRole,
        timeoutMs,
        traceId: request.head.traceId,
        hold: (bytes) => surface.hold(bytes),
      }),
    );
  }

  async #passOn(
    { url, method, timeoutMs, isOutside }: HttpIntegration & { readonly kind: "http" },
    request: ApiRequest,
    matched: Matched,
    body: Buffer,
  ): Promise<ProxyAnswer> {
    const { head, domainName } = request;
    const outcome = await passOn({
      head,
      method: method === "ANY" ? head.method : method,
      url: proxyUrl(url, encoded(matched.pathParameters), head.query),
      body,
      timeoutMs,
      domainName,
      isOutside,
    });
    if (typeof outcome === "object") return outcome;
    throw outcome === "timeout" ? HTTP_PROBLEMS.unavailable() : HTTP_PROBLEMS.internal();
  }
}

function routeOf(stage: HttpStage, request: ApiRequest): { readonly route: HttpRoute; readonly matched: Matched } {
  if (decodedPath(request.path) === undefined) throw HTTP_PROBLEMS.badRequest();
  const found = stage.routes.find(request.head.method, request.path);
  const route = found?.value ?? stage.defaultRoute;
  if (!route) throw HTTP_PROBLEMS.notFound();
  const parameters = Object.entries(found?.parameters ?? {});
  const pathParameters = Object.fromEntries(parameters.map(([name, value]) => [name, decodedPath(value) ?? value]));
  return { route, matched: { routeKey: route.routeKey, resourcePath: route.resourcePath, pathParameters } };
}

/** As it stands in the ARN that a function's policy is asked about. */
function sourceOf({ head }: ApiRequest, { resourcePath }: Matched): string {
  return resourcePath === "$default" ? "$default" : `${head.method}${resourcePath}`;
}

function payloadOf(called: Called): Buffer {
  switch (called.kind) {
    case "answer":
      return called.payload;
    case "timeout":
    case "throttled":
      throw HTTP_PROBLEMS.unavailable();
    case "too-large":
      throw HTTP_PROBLEMS.tooLarge();
    default:
      throw HTTP_PROBLEMS.internal();
  }
}

/** As they go into a URL: slashes of greedy parameters stay. */
const encoded = (parameters: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, value.split("/").map(encodeURIComponent).join("/")]),
  );

/** `https://*` allows every origin of that scheme. */
function withOriginOfScheme(cors: OwnerCors, origin: string | undefined): OwnerCors {
  const allowed = cors.allowOrigins ?? [];
  const scheme = origin?.split("://", 1)[0];
  if (origin === undefined || !allowed.includes(`${scheme}://*`)) return cors;
  return { ...cors, allowOrigins: [...allowed, origin] };
}
