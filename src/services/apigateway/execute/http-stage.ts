/** A deployment of an HTTP API in a stage, made ready for requests: once for each deployment, not for each request. */
import type { Place } from "../../../functions/function-name.ts";
import type { OwnerCors } from "../../../wire/http-integration/owner-cors.ts";
import { type FunctionTarget, functionOfUri, withStageVariables } from "../function-uri.ts";
import type { Authorizer, Cors, Integration, Route, Snapshot, Stage } from "../v2/shapes.ts";
import type { HttpAuthorization } from "./http-authorizers.ts";
import { PathTree } from "./path-tree.ts";
import { type Throttle, throttleOf } from "./throttle.ts";

export type HttpIntegration =
  | {
      readonly kind: "function";
      /** Undefined for what names no function of this region. */
      readonly target: FunctionTarget | undefined;
      readonly usesRole: boolean;
      readonly format: "1.0" | "2.0";
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "http";
      readonly url: string;
      readonly method: string;
      readonly timeoutMs: number;
      /** Not on this machine. */
      readonly isOutside: boolean;
    };

export interface HttpRoute {
  readonly routeKey: string;
  /** `/pets/{id}`, or `$default` */
  readonly resourcePath: string;
  readonly authorization: HttpAuthorization;
  readonly integration: HttpIntegration | undefined;
  readonly throttle: Throttle | undefined;
}

export interface HttpStage {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly routes: PathTree<HttpRoute>;
  readonly defaultRoute: HttpRoute | undefined;
  readonly cors: OwnerCors | undefined;
}

/** @param isOutside what it calls is not on this machine */
export function httpStage(stage: Stage, snapshot: Snapshot, place: Place, isOutside: boolean): HttpStage {
  const variables = stage.StageVariables ?? {};
  const routes = new PathTree<HttpRoute>();
  let defaultRoute: HttpRoute | undefined;
  const integrations = new Map(snapshot.integrations.map((one) => [`integrations/${one.IntegrationId}`, one]));
  const authorizers = new Map(snapshot.authorizers.map((one) => [one.AuthorizerId, one]));
  for (const route of snapshot.routes) {
    const { RouteKey = "" } = route;
    const [method = "", resourcePath = "$default"] = RouteKey.split(" ", 2);
    const integration = integrations.get(route.Target ?? "");
    const compiled: HttpRoute = {
      routeKey: RouteKey,
      resourcePath,
      authorization: authorizationOf(
        route,
        authorizers.get(route.AuthorizerId),
        variables as Variables,
        place,
        isOutside,
      ),
      integration: integration && integrationOf(integration, variables as Variables, place, isOutside),
      throttle: routeThrottle(stage, RouteKey),
    };
    if (RouteKey === "$default") defaultRoute = compiled;
    else routes.add(method, resourcePath, compiled);
  }
  return {
    name: String(stage.StageName),
    variables: variables as Variables,
    routes,
    defaultRoute,
    cors: snapshot.cors && ownerCors(snapshot.cors),
  };
}

/** What is said of the route, or else of all. */
function routeThrottle({ DefaultRouteSettings: all, RouteSettings: routes = {} }: Stage, routeKey: string) {
  const own = Object.hasOwn(routes, routeKey) ? routes[routeKey] : undefined;
  return throttleOf(
    own?.ThrottlingBurstLimit ?? all?.ThrottlingBurstLimit,
    own?.ThrottlingRateLimit ?? all?.ThrottlingRateLimit,
  );
}

type Variables = Readonly<Record<string, string>>;

function integrationOf(
  integration: Integration,
  variables: Variables,
  place: Place,
  isOutside: boolean,
): HttpIntegration {
  const uri = withStageVariables(integration.IntegrationUri ?? "", variables);
  const timeoutMs = integration.TimeoutInMillis ?? 30_000;
  if (integration.IntegrationType === "HTTP_PROXY") {
    return { kind: "http", url: uri, method: integration.IntegrationMethod ?? "ANY", timeoutMs, isOutside };
  }
  return {
    kind: "function",
    target: functionOfUri(uri, place),
    usesRole: integration.CredentialsArn !== undefined,
    format: integration.PayloadFormatVersion === "2.0" ? "2.0" : "1.0",
    timeoutMs,
  };
}

export function authorizationOf(
  { AuthorizationType, AuthorizationScopes }: Route,
  authorizer: Authorizer | undefined,
  variables: Variables,
  place: Place,
  isOutside: boolean,
): HttpAuthorization {
  if (AuthorizationType === "AWS_IAM") return { kind: "iam" };
  if (AuthorizationType === "JWT") {
    return {
      kind: "jwt",
      source: authorizer?.IdentitySource?.[0] ?? "",
      issuer: authorizer?.JwtConfiguration?.Issuer ?? "",
      audience: authorizer?.JwtConfiguration?.Audience ?? [],
      scopes: AuthorizationScopes ?? [],
      isOutside,
    };
  }
  if (AuthorizationType !== "CUSTOM") return { kind: "none" };
  return {
    kind: "lambda",
    authorizerId: authorizer?.AuthorizerId ?? "",
    // One that is gone lets nobody in.
    target: functionOfUri(withStageVariables(authorizer?.AuthorizerUri ?? "", variables), place),
    usesRole: authorizer?.AuthorizerCredentialsArn !== undefined,
    sources: authorizer?.IdentitySource ?? [],
    format: authorizer?.AuthorizerPayloadFormatVersion === "1.0" ? "1.0" : "2.0",
    isSimple: authorizer?.EnableSimpleResponses === true,
    ttlSeconds: authorizer?.AuthorizerResultTtlInSeconds ?? 0,
  };
}

function ownerCors(cors: Cors): OwnerCors {
  return {
    allowCredentials: cors.AllowCredentials,
    allowHeaders: cors.AllowHeaders,
    allowMethods: cors.AllowMethods,
    allowOrigins: cors.AllowOrigins,
    exposeHeaders: cors.ExposeHeaders,
    maxAge: cors.MaxAge,
  };
}
