/** The shapes of API Gateway's first control API (REST APIs), as they are kept and told. */
import type { Fail } from "../../../wire/fail.ts";
import type { Input, Output } from "../../../wire/handlers.ts";

export type ApiGatewayV1 = typeof import("@aws-sdk/client-api-gateway");
export type FailV1 = Fail<ApiGatewayV1>;

export type RestApi = Output<ApiGatewayV1, "GetRestApi">;
export type Resource = Output<ApiGatewayV1, "GetResource">;
export type Method = Output<ApiGatewayV1, "GetMethod">;
export type MethodResponse = Output<ApiGatewayV1, "GetMethodResponse">;
export type Integration = Output<ApiGatewayV1, "GetIntegration">;
export type IntegrationResponse = Output<ApiGatewayV1, "GetIntegrationResponse">;
export type Authorizer = Output<ApiGatewayV1, "GetAuthorizer">;
export type Stage = Output<ApiGatewayV1, "GetStage">;
export type Deployment = Output<ApiGatewayV1, "GetDeployment">;
export type ApiKey = Output<ApiGatewayV1, "GetApiKey">;
export type UsagePlan = Output<ApiGatewayV1, "GetUsagePlan">;
export type Model = Output<ApiGatewayV1, "GetModel">;
export type RequestValidator = Output<ApiGatewayV1, "GetRequestValidator">;
export type GatewayResponse = Output<ApiGatewayV1, "GetGatewayResponse">;
export type PatchOperation = NonNullable<Input<ApiGatewayV1, "UpdateStage">["patchOperations"]>[number];

/** What of an API a deployment holds on to: changes that come later are not served before they are deployed. */
export interface Snapshot {
  readonly api: RestApi;
  readonly resources: readonly Resource[];
  readonly authorizers: readonly Authorizer[];
  readonly validators: readonly RequestValidator[];
  readonly gatewayResponses: readonly GatewayResponse[];
}

/** Kinds of documents. Those of an API belong to its id; APIs, keys and usage plans to the account. */
export const KINDS = {
  api: "v1 api",
  resource: "v1 resource",
  authorizer: "v1 authorizer",
  stage: "v1 stage",
  deployment: "v1 deployment",
  snapshot: "v1 snapshot",
  model: "v1 model",
  validator: "v1 request validator",
  gatewayResponse: "v1 gateway response",
  apiKey: "v1 api key",
  usagePlan: "v1 usage plan",
} as const;

/** A key of a usage plan: one document of the account for each pair. */
export interface PlanKey {
  readonly planId: string;
  readonly keyId: string;
}

export const PLAN_KEY = "v1 usage plan key";
