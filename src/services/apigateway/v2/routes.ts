/** Routes, and what WebSocket APIs answer on them. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { given } from "../control.ts";
import type { Deployments } from "./deployments.ts";
import { type Apis, Parts } from "./parts.ts";
import {
  type Api,
  type ApiGatewayV2,
  type Authorizer,
  type Integration,
  KINDS,
  type Route,
  type RouteResponse,
} from "./shapes.ts";

const HTTP_KEY = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) (\/\S*)$/;
const SEGMENT = /^(?:\{[A-Za-z0-9._-]+\+?\}|[^{}]*)$/;
const AUTHORIZATION = { HTTP: ["NONE", "AWS_IAM", "CUSTOM", "JWT"], WEBSOCKET: ["NONE", "AWS_IAM", "CUSTOM"] };

type StoredRouteResponse = RouteResponse & { readonly RouteId: string };

export class Routes {
  readonly #apis: Apis;
  readonly #deployments: Deployments;
  readonly #routes: Parts<Route>;
  readonly #responses: Parts<StoredRouteResponse>;
  readonly #integrations: Parts<Integration>;
  readonly #authorizers: Parts<Authorizer>;

  constructor(apis: Apis, deployments: Deployments) {
    this.#apis = apis;
    this.#deployments = deployments;
    this.#routes = new Parts(apis, KINDS.route, "Route");
    this.#responses = new Parts(apis, KINDS.routeResponse, "RouteResponse");
    this.#integrations = new Parts(apis, KINDS.integration, "Integration");
    this.#authorizers = new Parts(apis, KINDS.authorizer, "Authorizer");
  }

  create(apiId: string, input: Partial<Route> & Pick<Route, "RouteKey">): Route {
    const api = this.#apis.get(apiId);
    const RouteId = newPartId();
    const route: Route = {
      ApiKeyRequired: false,
      AuthorizationType: "NONE",
      ...given(input),
      RouteKey: input.RouteKey,
      RouteId,
    };
    this.#check(api, route);
    return this.#routes.put(apiId, RouteId, route);
  }

  handlers(): Handlers<ApiGatewayV2> {
    const routes = this.#routes;
    const changing = <T>(apiId: string, change: () => T): T => this.#deployments.changing(apiId, change);
    return {
      CreateRoute: ({ ApiId, ...input }) => changing(ApiId, () => this.create(ApiId, input)),
      GetRoute: ({ ApiId, RouteId }) => routes.get(ApiId, RouteId),
      GetRoutes: ({ ApiId, ...paging }) => routes.list(ApiId, paging),
      UpdateRoute: ({ ApiId, RouteId, ...changes }) =>
        changing(ApiId, () =>
          routes.update(ApiId, RouteId, given(changes), (route) => this.#check(this.#apis.get(ApiId), route)),
        ),
      DeleteRoute: ({ ApiId, RouteId }) =>
        changing(ApiId, () => {
          routes.delete(ApiId, RouteId);
          for (const { RouteId: of, RouteResponseId } of this.#responses.all(ApiId)) {
            if (of === RouteId) this.#responses.delete(ApiId, `${RouteId}/${RouteResponseId}`);
          }
          return {};
        }),
      DeleteRouteRequestParameter: ({ ApiId, RouteId, RequestParameterKey }) =>
        changing(ApiId, () => {
          const { RequestParameters = {} } = routes.get(ApiId, RouteId);
          const { [RequestParameterKey]: _, ...others } = RequestParameters;
          routes.update(ApiId, RouteId, { RequestParameters: others });
          return {};
        }),
      ...this.#responseHandlers(),
    };
  }

  #responseHandlers(): Handlers<ApiGatewayV2> {
    const responses = this.#responses;
    const changing = <T>(apiId: string, change: () => T): T => this.#deployments.changing(apiId, change);
    const told = ({ RouteId: _, ...response }: StoredRouteResponse): RouteResponse => response;
    return {
      CreateRouteResponse: ({ ApiId, RouteId, ...input }) => {
        this.#routes.get(ApiId, RouteId);
        if (this.#apis.get(ApiId).ProtocolType !== "WEBSOCKET") {
          this.#apis.fail("BadRequestException", "Route responses are only supported for WebSocket APIs");
        }
        if (input.RouteResponseKey !== "$default") {
          this.#apis.fail("BadRequestException", "Invalid RouteResponseKey. Only '$default' is supported");
        }
        if (responses.all(ApiId).some((response) => response.RouteId === RouteId)) {
          this.#apis.fail(
            "ConflictException",
            `Route response with key ${input.RouteResponseKey} already exists for this route`,
          );
        }
        const RouteResponseId = newPartId();
        const { RouteResponseKey } = input;
        const response = { ...given(input), RouteResponseKey, RouteId, RouteResponseId };
        return changing(ApiId, () => told(responses.put(ApiId, `${RouteId}/${RouteResponseId}`, response)));
      },
      GetRouteResponse: ({ ApiId, RouteId, RouteResponseId }) =>
        told(responses.get(ApiId, `${RouteId}/${RouteResponseId}`)),
      GetRouteResponses: ({ ApiId, RouteId, ...paging }) => {
        this.#routes.get(ApiId, RouteId);
        const of = responses.all(ApiId).filter((response) => response.RouteId === RouteId);
        return this.#apis.page(of.map(told), paging);
      },
      UpdateRouteResponse: ({ ApiId, RouteId, RouteResponseId, ...changes }) =>
        changing(ApiId, () => told(responses.update(ApiId, `${RouteId}/${RouteResponseId}`, given(changes)))),
      DeleteRouteResponse: ({ ApiId, RouteId, RouteResponseId }) =>
        changing(ApiId, () => {
          responses.delete(ApiId, `${RouteId}/${RouteResponseId}`);
          return {};
        }),
    };
  }

  #check({ ApiId, ProtocolType }: Api, route: Route): void {
    const { fail } = this.#apis;
    const apiId = String(ApiId);
    const { RouteKey = "", Target, AuthorizationType = "NONE", AuthorizerId, AuthorizationScopes } = route;
    if (ProtocolType === "HTTP" && !isHttpKey(RouteKey)) {
      fail(
        "BadRequestException",
        'The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"',
      );
    }
    if (RouteKey === "") fail("BadRequestException", "RouteKey cannot be empty");
    const twin = this.#routes
      .all(apiId)
      .find((other) => other.RouteKey === RouteKey && other.RouteId !== route.RouteId);
    if (twin) fail("ConflictException", `Route with key ${RouteKey} already exists for this API`);
    if (!AUTHORIZATION[ProtocolType === "HTTP" ? "HTTP" : "WEBSOCKET"].includes(AuthorizationType)) {
      fail("BadRequestException", `Invalid authorization type ${AuthorizationType}`);
    }
    if (ProtocolType === "WEBSOCKET" && AuthorizationType !== "NONE" && RouteKey !== "$connect") {
      fail("BadRequestException", "Currently, authorization is restricted to the $connect route only");
    }
    if (AuthorizationType === "CUSTOM" || AuthorizationType === "JWT") {
      const authorizer = AuthorizerId === undefined ? undefined : this.#authorizers.find(apiId, AuthorizerId);
      if (!authorizer) fail("BadRequestException", `Invalid authorizer ID specified: ${AuthorizerId}`);
      const isJwt = authorizer?.AuthorizerType === "JWT";
      if (isJwt !== (AuthorizationType === "JWT")) {
        fail(
          "BadRequestException",
          `Authorizer type ${authorizer?.AuthorizerType} does not fit authorization type ${AuthorizationType}`,
        );
      }
    }
    if (AuthorizationScopes?.length && AuthorizationType !== "JWT") {
      fail("BadRequestException", "Authorization scopes are only supported for JWT authorizers");
    }
    const [, integrationId] = /^integrations\/([^/]+)$/.exec(Target ?? "") ?? [];
    if (Target !== undefined && !(integrationId !== undefined && this.#integrations.find(apiId, integrationId))) {
      fail("BadRequestException", `Invalid Target. Unable to find integration ${Target}`);
    }
  }
}

/** `$default`, or a method and a path whose greedy parameter, if it has one, is its last part. */
function isHttpKey(key: string): boolean {
  if (key === "$default") return true;
  const segments = HTTP_KEY.exec(key)?.[2]?.slice(1).split("/");
  if (!segments) return false;
  const greedy = segments.findIndex((segment) => segment.endsWith("+}"));
  return segments.every((segment) => SEGMENT.test(segment)) && (greedy < 0 || greedy === segments.length - 1);
}
