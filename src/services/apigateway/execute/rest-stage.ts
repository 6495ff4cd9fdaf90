/** A deployment of a REST API in a stage, made ready for requests: once for each deployment, not for each request. */
import type { Place } from "../../../functions/function-name.ts";
import type { PolicyDocument } from "../../../functions/policy-document.ts";
import { type FunctionTarget, functionOfUri, withStageVariables } from "../function-uri.ts";
import type {
  Authorizer,
  GatewayResponse,
  Integration,
  IntegrationResponse,
  Method,
  Snapshot,
  Stage,
} from "../v1/shapes.ts";
import { type OwnerPattern, ownerPattern } from "./owner-pattern.ts";
import { PathTree } from "./path-tree.ts";
import { type Throttle, throttleOf } from "./throttle.ts";

type Variables = Readonly<Record<string, string>>;

export type RestIntegration =
  | {
      readonly kind: "function";
      readonly target: FunctionTarget | undefined;
      readonly usesRole: boolean;
      readonly timeoutMs: number;
      readonly streams: boolean;
    }
  | {
      readonly kind: "http";
      readonly url: string;
      readonly method: string;
      readonly timeoutMs: number;
      /** Not on this machine. */
      readonly isOutside: boolean;
      /** `integration.request.path.x` and what of the request goes there. */
      readonly pathParameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: "mock"; readonly responses: readonly MockResponse[]; readonly templates: Variables };

export interface MockResponse {
  readonly status: number;
  readonly pattern: OwnerPattern | undefined;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface RestAuthorizer {
  readonly id: string;
  readonly type: "TOKEN" | "REQUEST";
  readonly target: FunctionTarget | undefined;
  readonly usesRole: boolean;
  readonly sources: readonly string[];
  readonly validation: OwnerPattern | undefined;
  readonly ttlSeconds: number;
}

export interface RestMethod {
  readonly resourceId: string;
  readonly resourcePath: string;
  readonly operationName: string | undefined;
  readonly authorization: "NONE" | "AWS_IAM" | "CUSTOM";
  readonly authorizer: RestAuthorizer | undefined;
  readonly needsKey: boolean;
  /** Names as messages tell them, with where each is looked for. */
  readonly requiredParameters: readonly string[];
  readonly integration: RestIntegration | undefined;
  readonly throttle: Throttle | undefined;
}

export interface RestStage {
  readonly name: string;
  readonly deploymentId: string;
  readonly variables: Variables;
  readonly methods: PathTree<RestMethod>;
  readonly binaryTypes: readonly string[];
  readonly keySource: "HEADER" | "AUTHORIZER";
  readonly policy: PolicyDocument | undefined;
  readonly responses: ReadonlyMap<string, GatewayResponse>;
}

/** @param isOutside what it calls is not on this machine */
export function restStage(stage: Stage, snapshot: Snapshot, place: Place, isOutside: boolean): RestStage {
  const variables = (stage.variables ?? {}) as Variables;
  const methods = new PathTree<RestMethod>();
  const authorizers = new Map(snapshot.authorizers.map((one) => [one.id, authorizerOf(one, variables, place)]));
  const checking = new Set(snapshot.validators.filter((one) => one.validateRequestParameters).map(({ id }) => id));
  for (const { id = "", path = "/", resourceMethods = {} } of snapshot.resources) {
    for (const [name, method = {}] of Object.entries(resourceMethods)) {
      methods.add(name, path, {
        resourceId: id,
        resourcePath: path,
        operationName: method.operationName,
        authorization: authorizationOf(method),
        authorizer: authorizers.get(method.authorizerId),
        needsKey: method.apiKeyRequired === true,
        requiredParameters: checking.has(method.requestValidatorId) ? requiredOf(method) : [],
        throttle: methodThrottle(stage, path, name),
        integration: method.methodIntegration && integrationOf(method.methodIntegration, variables, place, isOutside),
      });
    }
  }
  const { api } = snapshot;
  return {
    name: String(stage.stageName),
    deploymentId: String(stage.deploymentId),
    variables,
    methods,
    binaryTypes: api.binaryMediaTypes ?? [],
    keySource: api.apiKeySource === "AUTHORIZER" ? "AUTHORIZER" : "HEADER",
    policy: api.policy ? (JSON.parse(api.policy) as PolicyDocument) : undefined,
    responses: new Map(snapshot.gatewayResponses.map((one) => [String(one.responseType), one])),
  };
}

/** What is said of the method, of all of its resource's, or of all of the stage. */
function methodThrottle({ methodSettings = {} }: Stage, path: string, method: string): Throttle | undefined {
  const resource = path.replace(/^\/(?=.)/, "");
  const settings = [`${resource}/${method}`, `${resource}/*`, "*/*"].flatMap((key) =>
    Object.hasOwn(methodSettings, key) ? [methodSettings[key]] : [],
  );
  return throttleOf(
    settings.find((one) => one?.throttlingBurstLimit !== undefined)?.throttlingBurstLimit,
    settings.find((one) => one?.throttlingRateLimit !== undefined)?.throttlingRateLimit,
  );
}

function authorizationOf({ authorizationType }: Method): RestMethod["authorization"] {
  return authorizationType === "AWS_IAM" || authorizationType === "CUSTOM" ? authorizationType : "NONE";
}

const requiredOf = ({ requestParameters = {} }: Method): string[] =>
  Object.entries(requestParameters)
    .filter(([, isRequired]) => isRequired)
    .map(([name]) => name);

export function authorizerOf(authorizer: Authorizer, variables: Variables, place: Place): RestAuthorizer {
  const { identitySource = "", identityValidationExpression: expression } = authorizer;
  return {
    id: String(authorizer.id),
    type: authorizer.type === "REQUEST" ? "REQUEST" : "TOKEN",
    target: functionOfUri(withStageVariables(authorizer.authorizerUri ?? "", variables), place),
    usesRole: authorizer.authorizerCredentials !== undefined,
    sources: identitySource
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
    validation: expression ? ownerPattern(expression) : undefined,
    ttlSeconds: authorizer.authorizerResultTtlInSeconds ?? 300,
  };
}

function integrationOf(
  integration: Integration,
  variables: Variables,
  place: Place,
  isOutside: boolean,
): RestIntegration {
  const uri = withStageVariables(integration.uri ?? "", variables);
  const timeoutMs = integration.timeoutInMillis ?? 29_000;
  if (integration.type === "MOCK") {
    return {
      kind: "mock",
      responses: Object.values(integration.integrationResponses ?? {}).map((one) => mockResponse(one ?? {})),
      templates: (integration.requestTemplates ?? {}) as Variables,
    };
  }
  if (integration.type === "HTTP_PROXY") {
    const parameters = Object.entries(integration.requestParameters ?? {});
    const inPath = parameters.flatMap(([target, source]) => {
      const name = /^integration\.request\.path\.(.+)$/.exec(target)?.[1];
      return name === undefined || source === undefined ? [] : [[name, source] as const];
    });
    const method = integration.httpMethod ?? "ANY";
    return { kind: "http", url: uri, method, timeoutMs, isOutside, pathParameters: Object.fromEntries(inPath) };
  }
  return {
    kind: "function",
    target: functionOfUri(uri, place),
    usesRole: integration.credentials !== undefined,
    timeoutMs,
    streams: integration.responseTransferMode === "STREAM",
  };
}

/** `method.response.header.X: "'value'"`, and a body that is the same for everyone. */
function mockResponse({
  statusCode,
  selectionPattern,
  responseParameters = {},
  responseTemplates = {},
}: IntegrationResponse): MockResponse {
  const headers: string[] = [];
  for (const [target, value = ""] of Object.entries(responseParameters)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const text = /^'(.*)'$/s.exec(value)?.[1];
    if (name !== undefined && text !== undefined) headers.push(name, text);
  }
  const [type = "application/json", body = ""] = Object.entries(responseTemplates)[0] ?? [];
  if (!headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type")) {
    headers.unshift("Content-Type", type);
  }
  return {
    status: Number(statusCode),
    pattern: selectionPattern ? ownerPattern(selectionPattern) : undefined,
    headers,
    body: Buffer.from(body),
  };
}
