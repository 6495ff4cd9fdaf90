/** APIs themselves: made, with or without a route that is ready, changed and removed. */
import type { Handlers } from "../../../wire/handlers.ts";
import type { CallContext } from "../../../wire/service.ts";
import { newApiId } from "../api-ids.ts";
import { type Control, given } from "../control.ts";
import { apiUrlAt } from "../execute/address.ts";
import { ACCOUNT } from "../records.ts";
import type { Deployments } from "./deployments.ts";
import type { Integrations } from "./integrations.ts";
import type { Apis } from "./parts.ts";
import type { Routes } from "./routes.ts";
import {
  type Api,
  type ApiGatewayV2,
  type ApiMapping,
  type Cors,
  type DomainName,
  KINDS,
  type Stage,
} from "./shapes.ts";

const HTTP_SELECTION = "$request.method $request.path";
const KEY_SELECTION = "$request.header.x-api-key";

export interface ApiParts {
  readonly apis: Apis;
  readonly control: Control;
  readonly deployments: Deployments;
  readonly routes: Routes;
  readonly integrations: Integrations;
}

export function apiHandlers(parts: ApiParts): Handlers<ApiGatewayV2> {
  const { apis, control, deployments } = parts;
  const { records, fail } = apis;
  const told = (api: Api, { endpoint }: CallContext): Api => withEndpoint(api, control, endpoint);

  return {
    CreateApi: (input, call) => {
      const { Target, RouteKey, CredentialsArn, ...members } = input;
      const api = newApi(members, control);
      checkApi(apis, api);
      if ((Target !== undefined || RouteKey !== undefined) && api.ProtocolType !== "HTTP") {
        fail("BadRequestException", "Quick create is only supported for HTTP APIs");
      }
      if (RouteKey !== undefined && Target === undefined) {
        fail("BadRequestException", "Target is required when RouteKey is specified");
      }
      records.change(() => {
        records.put(ACCOUNT, KINDS.api, String(api.ApiId), api);
        if (Target !== undefined) quickCreate(parts, String(api.ApiId), Target, RouteKey, CredentialsArn);
      });
      return told(api, call);
    },
    GetApi: ({ ApiId }, call) => told(apis.get(ApiId), call),
    GetApis: (paging, call) => {
      const page = apis.page(records.list<Api>(ACCOUNT, KINDS.api), paging);
      return { ...page, Items: page.Items.map((api) => told(api, call)) };
    },
    UpdateApi: ({ ApiId, Target: _, RouteKey: __, CredentialsArn: ___, ...changes }, call) => {
      const after = { ...apis.get(ApiId), ...given(changes) };
      checkApi(apis, after);
      return deployments.changing(ApiId, () => {
        records.put(ACCOUNT, KINDS.api, ApiId, after);
        return told(after, call);
      });
    },
    DeleteApi: ({ ApiId }) => {
      apis.get(ApiId);
      for (const { DomainName: name = "" } of records.list<DomainName>(ACCOUNT, KINDS.domainName)) {
        if (records.list<ApiMapping>(`domain ${name}`, KINDS.apiMapping).some((mapping) => mapping.ApiId === ApiId)) {
          fail("BadRequestException", "Deleting API failed. Please remove all base path mappings related to the API");
        }
      }
      records.change(() => {
        records.delete(ACCOUNT, KINDS.api, ApiId);
        records.deleteAll(ApiId);
      });
      return {};
    },
    DeleteCorsConfiguration: ({ ApiId }) => {
      const { CorsConfiguration: _, ...api } = apis.get(ApiId);
      return deployments.changing(ApiId, () => {
        records.put(ACCOUNT, KINDS.api, ApiId, api);
        return {};
      });
    },
  };
}

type NewApi = Pick<Api, "Name" | "ProtocolType"> & { readonly [K in keyof Api]?: Api[K] | undefined };

export function newApi(members: NewApi, control: Control): Api {
  const { Name, ProtocolType } = members;
  return {
    ApiKeySelectionExpression: KEY_SELECTION,
    DisableExecuteApiEndpoint: false,
    IpAddressType: "ipv4",
    Tags: {},
    ...given(members),
    Name,
    ProtocolType,
    RouteSelectionExpression: members.RouteSelectionExpression ?? HTTP_SELECTION,
    ApiId: newApiId(),
    CreatedDate: new Date(control.clock.now()),
  };
}

export function withEndpoint(api: Api, control: Control, endpoint: string): Api {
  const scheme = api.ProtocolType === "WEBSOCKET" ? "ws" : "http";
  return { ...api, ApiEndpoint: apiUrlAt(endpoint, control.place, String(api.ApiId), scheme) };
}

/** @throws ServiceError BadRequestException */
export function checkApi({ fail }: Apis, api: Api): void {
  const { ProtocolType, RouteSelectionExpression, CorsConfiguration, Name = "" } = api;
  if (Name === "" || Name.length > 128) fail("BadRequestException", "Name must be between 1 and 128 characters long");
  if (ProtocolType !== "HTTP" && ProtocolType !== "WEBSOCKET") {
    fail("BadRequestException", "Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]");
  }
  const isHttp = ProtocolType === "HTTP";
  if (isHttp && RouteSelectionExpression !== HTTP_SELECTION) {
    fail("BadRequestException", `RouteSelectionExpression of HTTP APIs must be '${HTTP_SELECTION}'`);
  }
  if (!isHttp && !/^\$(\{)?request\.body\./.test(RouteSelectionExpression ?? "")) {
    fail("BadRequestException", "RouteSelectionExpression is required for WebSocket APIs, e.g. $request.body.action");
  }
  if (CorsConfiguration === undefined) return;
  if (!isHttp) fail("BadRequestException", "CORS configuration is only supported for HTTP APIs");
  checkCors(fail, CorsConfiguration);
}

function checkCors(fail: Apis["fail"], { AllowCredentials, AllowOrigins = [], MaxAge }: Cors): void {
  if (AllowCredentials && AllowOrigins.includes("*")) {
    fail("BadRequestException", "AllowCredentials can not be true when AllowOrigins is '*'");
  }
  const strange = AllowOrigins.find(
    (origin) => origin !== "*" && !/^(https?|[a-z][a-z0-9+.-]*):\/\/[^\s/]+$/.test(origin),
  );
  if (strange !== undefined) fail("BadRequestException", `Invalid format for origin ${strange}`);
  if (MaxAge !== undefined && (MaxAge < -1 || MaxAge > 86_400)) {
    fail("BadRequestException", "MaxAge must be between -1 and 86400");
  }
}

/** A route, its integration and a stage that deploys by itself, in one go. */
function quickCreate(
  { apis, control, deployments, routes, integrations }: ApiParts,
  apiId: string,
  target: string,
  routeKey = "$default",
  credentialsArn?: string,
): void {
  const isUrl = /^https?:/.test(target);
  const integration = integrations.create(apiId, {
    ApiGatewayManaged: true,
    IntegrationType: isUrl ? "HTTP_PROXY" : "AWS_PROXY",
    IntegrationUri: target,
    PayloadFormatVersion: isUrl ? "1.0" : "2.0",
    ...(isUrl && { IntegrationMethod: "ANY" }),
    ...(credentialsArn !== undefined && { CredentialsArn: credentialsArn }),
  });
  const Target = `integrations/${integration.IntegrationId}`;
  routes.create(apiId, { ApiGatewayManaged: true, RouteKey: routeKey, Target });
  const now = new Date(control.clock.now());
  const stage: Stage = {
    ApiGatewayManaged: true,
    AutoDeploy: true,
    CreatedDate: now,
    DefaultRouteSettings: { DetailedMetricsEnabled: false },
    LastUpdatedDate: now,
    RouteSettings: {},
    StageName: "$default",
    StageVariables: {},
    Tags: {},
  };
  apis.records.put(apiId, KINDS.stage, "$default", stage);
  deployments.autoDeploy(apiId);
}
