/** Requests to REST APIs: the stage, the method of the resource, who calls with which key, and what answers. */
import type { Place } from "../../../functions/function-name.ts";
import type { Clock } from "../../../state/clock.ts";
import { mediaType } from "../../../wire/http-integration/request-parts.ts";
import { MalformedAnswer } from "../../../wire/http-integration/response-headers.ts";
import type { SurfaceRequest } from "../../../wire/http-surface.ts";
import type { ApiAddress } from "./address.ts";
import type { ApiKeys } from "./api-keys.ts";
import { type ApiRequest, apiRequest, executeArn, type Matched, splitStage } from "./api-request.ts";
import { eventV1, withBody } from "./events.ts";
import type { Called, FunctionCalls } from "./function-calls.ts";
import { REST_PROBLEMS, type Told, tell } from "./gateway-responses.ts";
import { passOn, proxyUrl } from "./http-proxy.ts";
import { identityValue } from "./identity-sources.ts";
import type { PathMatch } from "./path-tree.ts";
import { Problem } from "./problem.ts";
import { proxyAnswer } from "./proxy-answer.ts";
import type { RestAuthorizers, RestCaller } from "./rest-authorizers.ts";
import type { MockResponse, RestIntegration, RestMethod, RestStage } from "./rest-stage.ts";
import { StreamedProxyAnswer } from "./streamed-proxy-answer.ts";

/** bytes */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const JSON_TYPE: readonly string[] = ["Content-Type", "application/json"];

export interface RestApiParts {
  readonly stageOf: (apiId: string, name: string) => RestStage | undefined;
  readonly authorizers: RestAuthorizers;
  readonly keys: ApiKeys;
  readonly calls: FunctionCalls;
  readonly place: Place;
  readonly clock: Clock;
}

export class RestApis {
  readonly #parts: RestApiParts;

  constructor(parts: RestApiParts) {
    this.#parts = parts;
  }

  async handle(surface: SurfaceRequest, address: ApiAddress): Promise<void> {
    const { stageOf, place, clock } = this.#parts;
    const { stage: name, path } = splitStage(address.path);
    const stage = stageOf(address.apiId, name);
    const request = apiRequest(surface, address, { name, variables: stage?.variables, path }, place, clock.now());
    const common = [
      "x-amzn-RequestId",
      surface.requestId,
      "x-amz-apigw-id",
      request.token,
      "X-Amzn-Trace-Id",
      surface.traceId,
    ];
    try {
      if (!stage) throw REST_PROBLEMS.forbidden();
      const answer = await this.#answer(surface, request, stage, common);
      if (answer) surface.send(answer.status, [...answer.headers, ...common], answer.body);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const told = tell(error, stage?.responses ?? new Map(), surface.requestId);
      surface.send(told.status, [...told.headers, ...common], told.body);
    }
  }

  /** @returns undefined when it has been streamed */
  async #answer(
    surface: SurfaceRequest,
    request: ApiRequest,
    stage: RestStage,
    common: readonly string[],
  ): Promise<Told | undefined> {
    const { method, matched } = methodOf(stage, request);
    if (method.throttle?.admits(this.#parts.clock.now()) === false) throw REST_PROBLEMS.throttled();
    const caller = await this.#parts.authorizers.admit(method, stage, surface, request, matched);
    const key = method.needsKey ? this.#admitKey(stage, request, caller) : undefined;
    const missing = method.requiredParameters.filter((source) => identityValue(source, request, matched) === undefined);
    if (missing.length > 0)
      throw REST_PROBLEMS.missingParameters(missing.map((source) => source.split(".").slice(3).join(".")));
    const { integration } = method;
    const body = await surface.readBody(MAX_BODY_BYTES);
    switch (integration?.kind) {
      case "mock":
        return mockAnswer(integration, surface);
      case "http":
        return passedOn(integration, request, matched, body);
      case "function":
        return this.#call(integration, surface, request, stage, { method, matched, caller, key, body, common });
      default:
        throw REST_PROBLEMS.misconfigured();
    }
  }

  #admitKey(stage: RestStage, { apiId, head }: ApiRequest, caller: RestCaller): ApiKeyIdentity {
    const value = stage.keySource === "AUTHORIZER" ? caller.usageKey : head.headers["x-api-key"];
    const key = this.#parts.keys.admit(value, apiId, stage.name);
    if (key === "unknown") throw REST_PROBLEMS.invalidKey();
    if (key === "throttled") throw REST_PROBLEMS.throttled();
    return { apiKey: String(key.value), apiKeyId: String(key.id) };
  }

  async #call(
    integration: RestIntegration & { readonly kind: "function" },
    surface: SurfaceRequest,
    request: ApiRequest,
    stage: RestStage,
    { method, matched, caller, key, body, common }: MethodCall,
  ): Promise<Told | undefined> {
    const { target, usesRole, timeoutMs, streams } = integration;
    if (!target) throw REST_PROBLEMS.misconfigured();
    const told: RestCaller = { ...caller, identity: { ...caller.identity, ...key } };
    const more = {
      path: request.path,
      requestId: surface.requestId,
      resourceId: method.resourceId,
      context: {
        deploymentId: stage.deploymentId,
        ...(method.operationName !== undefined && { operationName: method.operationName }),
      },
    };
    const event = eventV1(request, matched, told, body.length, more);
    const isBinary = hasType(stage.binaryTypes, mediaType(surface.headers["content-type"]));
    const sink = streams ? new StreamedProxyAnswer(surface, common) : undefined;
    const called = await this.#parts.calls.call({
      target,
      event: body.length === 0 ? event : withBody(event, body, !isBinary),
      sourceArn: executeArn(request, `${surface.method}${method.resourcePath}`),
      usesRole,
      timeoutMs,
      traceId: surface.traceId,
      hold: (bytes) => surface.hold(bytes),
      ...(sink && { sink }),
    });
    if (sink?.hasBegun) {
      sink.end(called.kind === "answer");
      return undefined;
    }
    const { whole } = sink ?? {};
    sink?.drop();
    const payload = payloadOf(called);
    try {
      return proxyAnswer(whole ?? payload, {
        defaultType: JSON_TYPE,
        ownsCors: false,
        decodes: (type) => hasType(stage.binaryTypes, type) || hasType(stage.binaryTypes, accepted(surface)),
      });
    } catch (error) {
      throw error instanceof MalformedAnswer ? REST_PROBLEMS.malformed() : error;
    }
  }
}

interface ApiKeyIdentity {
  readonly apiKey: string;
  readonly apiKeyId: string;
}

interface MethodCall {
  readonly method: RestMethod;
  readonly matched: Matched;
  readonly caller: RestCaller;
  readonly key: ApiKeyIdentity | undefined;
  readonly body: Buffer;
  readonly common: readonly string[];
}

function methodOf(
  stage: RestStage,
  { head, path }: ApiRequest,
): { readonly method: RestMethod; readonly matched: Matched } {
  const found = find(stage, head.method, path);
  if (!found) throw REST_PROBLEMS.missingToken();
  const { value: method, parameters } = found;
  // As they stand in the path: HTTP APIs decode them, REST APIs do not.
  const pathParameters = parameters;
  return { method, matched: { routeKey: method.resourceId, resourcePath: method.resourcePath, pathParameters } };
}

/** A slash at the end means the same resource. */
function find(stage: RestStage, method: string, path: string): PathMatch<RestMethod> | undefined {
  const found = stage.methods.find(method, path);
  return found ?? (path.length > 1 && path.endsWith("/") ? stage.methods.find(method, path.slice(0, -1)) : undefined);
}

function payloadOf(called: Called): Buffer {
  switch (called.kind) {
    case "answer":
      return called.payload;
    case "timeout":
      throw REST_PROBLEMS.timeout();
    case "too-large":
      throw REST_PROBLEMS.tooLarge();
    case "function-error":
      throw REST_PROBLEMS.malformed();
    default:
      throw REST_PROBLEMS.misconfigured();
  }
}

/** `image/*` and `*\/*` name many. */
function hasType(types: readonly string[], type: string): boolean {
  return types.some(
    (one) => one === "*/*" || one === type || (one.endsWith("/*") && type.startsWith(one.slice(0, -1))),
  );
}

/** The first type that the caller says it takes: AWS looks at no other. */
const accepted = ({ headers }: SurfaceRequest): string => mediaType(headers.accept?.split(",", 1)[0]);

/** The status is what the template says, and the response the one whose pattern fits it, or that has none. */
function mockAnswer(
  { templates, responses }: RestIntegration & { readonly kind: "mock" },
  surface: SurfaceRequest,
): MockResponse {
  const type = mediaType(surface.headers["content-type"]) || "application/json";
  const template = templates[type] ?? templates["application/json"] ?? Object.values(templates)[0] ?? "";
  const status = /["']?statusCode["']?\s*:\s*["']?(\d{3})/.exec(template)?.[1];
  if (status === undefined) throw REST_PROBLEMS.misconfigured();
  const fitting = responses.find(({ pattern }) => pattern?.matches(status));
  const response = fitting ?? responses.find(({ pattern }) => pattern === undefined);
  if (!response) throw REST_PROBLEMS.misconfigured();
  return response;
}

async function passedOn(
  { url, method, timeoutMs, isOutside, pathParameters }: RestIntegration & { readonly kind: "http" },
  request: ApiRequest,
  matched: Matched,
  body: Buffer,
): Promise<Told> {
  const { head, domainName } = request;
  const mapped = Object.entries(pathParameters).map(([name, source]) => {
    const value = identityValue(source, request, matched) ?? "";
    return [name, source.startsWith("method.request.path.") ? value : encodeURIComponent(value)] as const;
  });
  const outcome = await passOn({
    head,
    method: method === "ANY" ? head.method : method,
    url: proxyUrl(url, Object.fromEntries(mapped), head.query),
    body,
    timeoutMs,
    domainName,
    isOutside,
  });
  if (typeof outcome === "object") return outcome;
  throw outcome === "timeout" ? REST_PROBLEMS.timeout() : REST_PROBLEMS.unreachable();
}
