/** A deployment of a WebSocket API in a stage, made ready for connections: once for each deployment. */
import type { Place } from "../../../functions/function-name.ts";
import type { HttpAuthorization } from "../execute/http-authorizers.ts";
import { authorizationOf } from "../execute/http-stage.ts";
import { type FunctionTarget, functionOfUri, withStageVariables } from "../function-uri.ts";
import type { Api, Integration, Snapshot, Stage } from "../v2/shapes.ts";

export interface WebSocketRoute {
  readonly routeKey: string;
  readonly authorization: HttpAuthorization;
  readonly needsKey: boolean;
  readonly integration: WebSocketIntegration | undefined;
  /** What the function answers goes back to the client. */
  readonly answers: boolean;
}

export type WebSocketIntegration =
  /** Takes everything, and does nothing. */
  | { readonly kind: "mock" }
  | {
      readonly kind: "function";
      readonly target: FunctionTarget | undefined;
      readonly usesRole: boolean;
      readonly timeoutMs: number;
    };

export interface WebSocketStage {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly routes: ReadonlyMap<string, WebSocketRoute>;
  /** Members of a message, one below the other, in which its route stands. */
  readonly selection: readonly string[];
}

export function webSocketStage(api: Api, stage: Stage, snapshot: Snapshot, place: Place): WebSocketStage {
  const variables = (stage.StageVariables ?? {}) as Readonly<Record<string, string>>;
  const integrations = new Map(snapshot.integrations.map((one) => [`integrations/${one.IntegrationId}`, one]));
  const authorizers = new Map(snapshot.authorizers.map((one) => [one.AuthorizerId, one]));
  const answering = new Set(snapshot.routeResponses.map(({ RouteId }) => RouteId));
  const routes = snapshot.routes.map((route): [string, WebSocketRoute] => {
    const integration = integrations.get(route.Target ?? "");
    const routeKey = String(route.RouteKey);
    return [
      routeKey,
      {
        routeKey,
        authorization: authorizationOf(route, authorizers.get(route.AuthorizerId), variables, place, true),
        needsKey: route.ApiKeyRequired === true,
        integration: integration && integrationOf(integration, variables, place),
        answers: route.RouteResponseSelectionExpression === "$default" && answering.has(String(route.RouteId)),
      },
    ];
  });
  return {
    name: String(stage.StageName),
    variables,
    routes: new Map(routes),
    selection: selectionOf(api.RouteSelectionExpression ?? ""),
  };
}

/** `$request.body.action`, `${request.body.message.type}` */
const selectionOf = (expression: string): string[] =>
  (/^\$\{?request\.body\.([^}]+)\}?$/.exec(expression)?.[1] ?? "").split(".");

function integrationOf(
  integration: Integration,
  variables: Readonly<Record<string, string>>,
  place: Place,
): WebSocketIntegration {
  if (integration.IntegrationType === "MOCK") return { kind: "mock" };
  return {
    kind: "function",
    target: functionOfUri(withStageVariables(integration.IntegrationUri ?? "", variables), place),
    usesRole: integration.CredentialsArn !== undefined,
    timeoutMs: integration.TimeoutInMillis ?? 29_000,
  };
}

/** Which route a message is for: what stands in the member that the API names, if there is such a route. */
export function routeOf(
  { routes, selection }: WebSocketStage,
  message: Buffer,
  isText: boolean,
): WebSocketRoute | undefined {
  const named = isText ? routes.get(String(selected(message.toString(), selection))) : undefined;
  const isOwn = named !== undefined && named.routeKey !== "$connect" && named.routeKey !== "$disconnect";
  return isOwn ? named : routes.get("$default");
}

function selected(text: string, selection: readonly string[]): unknown {
  let at: unknown;
  try {
    at = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const name of selection) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}
