/** The shapes of API Gateway's second control API (HTTP and WebSocket APIs), as they are kept and told. */
import type { Fail } from "../../../wire/fail.ts";
import type { Output } from "../../../wire/handlers.ts";

export type ApiGatewayV2 = typeof import("@aws-sdk/client-apigatewayv2");
export type FailV2 = Fail<ApiGatewayV2>;

/** An item of the pages that an operation answers. */
type Listed<Page> = Page extends { readonly Items?: readonly (infer Item)[] | undefined } ? Item : never;

export type Api = Listed<Output<ApiGatewayV2, "GetApis">>;
export type Cors = NonNullable<Api["CorsConfiguration"]>;
export type Route = Listed<Output<ApiGatewayV2, "GetRoutes">>;
export type RouteResponse = Listed<Output<ApiGatewayV2, "GetRouteResponses">>;
export type Integration = Listed<Output<ApiGatewayV2, "GetIntegrations">>;
export type IntegrationResponse = Listed<Output<ApiGatewayV2, "GetIntegrationResponses">>;
export type Authorizer = Listed<Output<ApiGatewayV2, "GetAuthorizers">>;
export type Stage = Listed<Output<ApiGatewayV2, "GetStages">>;
export type Deployment = Listed<Output<ApiGatewayV2, "GetDeployments">>;
export type Model = Listed<Output<ApiGatewayV2, "GetModels">>;
export type DomainName = Listed<Output<ApiGatewayV2, "GetDomainNames">>;
export type ApiMapping = Listed<Output<ApiGatewayV2, "GetApiMappings">>;

/** What of an API a deployment holds on to: changes that come later are not served before they are deployed. */
export interface Snapshot {
  readonly routes: readonly Route[];
  readonly routeResponses: readonly (RouteResponse & { readonly RouteId: string })[];
  readonly integrations: readonly Integration[];
  readonly authorizers: readonly Authorizer[];
  readonly cors?: Cors | undefined;
}

/** Kinds of documents. Those of an API belong to its id, API and domain names themselves to the account. */
export const KINDS = {
  api: "v2 api",
  route: "v2 route",
  routeResponse: "v2 route response",
  integration: "v2 integration",
  integrationResponse: "v2 integration response",
  authorizer: "v2 authorizer",
  stage: "v2 stage",
  deployment: "v2 deployment",
  snapshot: "v2 snapshot",
  model: "v2 model",
  domainName: "v2 domain name",
  apiMapping: "v2 api mapping",
} as const;
