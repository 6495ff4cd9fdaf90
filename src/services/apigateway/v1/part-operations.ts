/** Authorizers, models, request validators and gateway responses of REST APIs. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { given } from "../control.ts";
import { DEFAULT_RESPONSES } from "../execute/gateway-responses.ts";
import { isOwnerPattern } from "../execute/owner-pattern.ts";
import { functionOfUri } from "../function-uri.ts";
import { patched } from "./patch.ts";
import type { RestApis } from "./rest-apis.ts";
import {
  type ApiGatewayV1,
  type Authorizer,
  type GatewayResponse,
  KINDS,
  type Model,
  type RequestValidator,
  type Resource,
} from "./shapes.ts";

const AUTHORIZER_MEMBERS = [
  "name",
  "authType",
  "authorizerUri",
  "authorizerCredentials",
  "identitySource",
  "identityValidationExpression",
  "authorizerResultTtlInSeconds",
];
const SOURCE = /^(method\.request\.(header|querystring)\.\S+|stageVariables\.\w+|context\.[\w.]+)$/;

export function partOperations(apis: RestApis) {
  return { ...authorizers(apis), ...models(apis), ...validators(apis), ...gatewayResponses(apis) };
}

function authorizers(apis: RestApis) {
  const { fail, control } = apis;
  const { records } = control;
  const find = (restApiId: string, id: string) => apis.part<Authorizer>(restApiId, KINDS.authorizer, id, "Authorizer");

  function check(authorizer: Authorizer): Authorizer {
    const { type, authorizerUri = "", identitySource = "", authorizerResultTtlInSeconds: ttl } = authorizer;
    if (type === "COGNITO_USER_POOLS") fail("BadRequestException", "Cognito user pools are not served by this region");
    if (type !== "TOKEN" && type !== "REQUEST") fail("BadRequestException", "Invalid authorizer type specified");
    if (!authorizerUri.includes("${stageVariables.") && !functionOfUri(authorizerUri, control.place)) {
      fail(
        "BadRequestException",
        `Invalid Authorizer URI: ${authorizerUri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.`,
      );
    }
    if (ttl !== undefined && (ttl < 0 || ttl > 3600))
      fail("BadRequestException", "Authorizer result TTL must be between 0 and 3600");
    const sources = identitySource
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
    if (sources.length === 0 && (type === "TOKEN" || (ttl ?? 300) > 0)) {
      fail("BadRequestException", "Identity source is required");
    }
    const strange = sources.find((one) => !SOURCE.test(one));
    if (strange !== undefined) fail("BadRequestException", `Invalid mapping expression specified: ${strange}`);
    const { identityValidationExpression: expression } = authorizer;
    if (expression && !isOwnerPattern(expression)) {
      fail("BadRequestException", "Invalid identity validation expression");
    }
    return authorizer;
  }

  return {
    CreateAuthorizer: ({ restApiId, ...input }) => {
      apis.get(restApiId);
      const id = newPartId(6);
      const authorizer = check({ authType: "custom", authorizerResultTtlInSeconds: 300, ...given(input), id });
      if (records.list<Authorizer>(restApiId, KINDS.authorizer).some(({ name }) => name === input.name)) {
        fail(
          "ConflictException",
          `Authorizer name must be unique. Authorizer ${input.name} already exists in this RestApi.`,
        );
      }
      records.put(restApiId, KINDS.authorizer, id, authorizer);
      return authorizer;
    },
    GetAuthorizer: ({ restApiId, authorizerId }) => find(restApiId, authorizerId),
    GetAuthorizers: ({ restApiId, ...paging }) => {
      apis.get(restApiId);
      return apis.page(records.list<Authorizer>(restApiId, KINDS.authorizer), paging);
    },
    UpdateAuthorizer: ({ restApiId, authorizerId, patchOperations }) => {
      const before = find(restApiId, authorizerId);
      const after = check(patched(before, patchOperations, { members: AUTHORIZER_MEMBERS }, fail));
      records.put(restApiId, KINDS.authorizer, authorizerId, after);
      return after;
    },
    DeleteAuthorizer: ({ restApiId, authorizerId }) => {
      find(restApiId, authorizerId);
      const methods = records
        .list<Resource>(restApiId, KINDS.resource)
        .flatMap(({ resourceMethods = {} }) => Object.values(resourceMethods));
      if (methods.some((method) => method?.authorizerId === authorizerId)) {
        fail("ConflictException", `Cannot delete authorizer '${authorizerId}', is referenced in method`);
      }
      records.delete(restApiId, KINDS.authorizer, authorizerId);
      return {};
    },
  } satisfies Handlers<ApiGatewayV1>;
}

function models(apis: RestApis) {
  const { records } = apis.control;
  const find = (restApiId: string, name: string) => apis.part<Model>(restApiId, KINDS.model, name, "Model Name");
  return {
    CreateModel: ({ restApiId, ...input }) => {
      apis.get(restApiId);
      if (records.get(restApiId, KINDS.model, input.name))
        apis.fail("ConflictException", "Model name already exists for this REST API");
      const model: Model = { ...given(input), id: newPartId(6) };
      records.put(restApiId, KINDS.model, input.name, model);
      return model;
    },
    GetModel: ({ restApiId, modelName }) => find(restApiId, modelName),
    GetModels: ({ restApiId, ...paging }) => {
      apis.get(restApiId);
      return apis.page(records.list<Model>(restApiId, KINDS.model), paging);
    },
    UpdateModel: ({ restApiId, modelName, patchOperations }) => {
      const after = patched(
        find(restApiId, modelName),
        patchOperations,
        { members: ["schema", "description"] },
        apis.fail,
      );
      records.put(restApiId, KINDS.model, modelName, after);
      return after;
    },
    DeleteModel: ({ restApiId, modelName }) => {
      find(restApiId, modelName);
      records.delete(restApiId, KINDS.model, modelName);
      return {};
    },
  } satisfies Handlers<ApiGatewayV1>;
}

function validators(apis: RestApis) {
  const { records } = apis.control;
  const find = (restApiId: string, id: string) =>
    apis.part<RequestValidator>(restApiId, KINDS.validator, id, "Request Validator");
  return {
    CreateRequestValidator: ({ restApiId, ...input }) => {
      apis.get(restApiId);
      const id = newPartId(6);
      const validator = { validateRequestBody: false, validateRequestParameters: false, ...given(input), id };
      records.put(restApiId, KINDS.validator, id, validator);
      return validator;
    },
    GetRequestValidator: ({ restApiId, requestValidatorId }) => find(restApiId, requestValidatorId),
    GetRequestValidators: ({ restApiId, ...paging }) => {
      apis.get(restApiId);
      return apis.page(records.list<RequestValidator>(restApiId, KINDS.validator), paging);
    },
    UpdateRequestValidator: ({ restApiId, requestValidatorId, patchOperations }) => {
      const members = ["name", "validateRequestBody", "validateRequestParameters"];
      const after = patched(find(restApiId, requestValidatorId), patchOperations, { members }, apis.fail);
      records.put(restApiId, KINDS.validator, requestValidatorId, after);
      return after;
    },
    DeleteRequestValidator: ({ restApiId, requestValidatorId }) => {
      find(restApiId, requestValidatorId);
      records.delete(restApiId, KINDS.validator, requestValidatorId);
      return {};
    },
  } satisfies Handlers<ApiGatewayV1>;
}

function gatewayResponses(apis: RestApis) {
  const { records } = apis.control;
  function find(restApiId: string, type: string): GatewayResponse {
    apis.get(restApiId);
    const own = records.get<GatewayResponse>(restApiId, KINDS.gatewayResponse, type);
    return own ?? DEFAULT_RESPONSES.get(type) ?? apis.fail("BadRequestException", "Invalid response type specified");
  }
  return {
    PutGatewayResponse: ({ restApiId, ...input }) => {
      const { responseType } = input;
      find(restApiId, responseType);
      const response = { ...DEFAULT_RESPONSES.get(responseType), ...given(input), defaultResponse: false };
      records.put(restApiId, KINDS.gatewayResponse, responseType, response);
      return response;
    },
    GetGatewayResponse: ({ restApiId, responseType }) => find(restApiId, responseType),
    GetGatewayResponses: ({ restApiId, ...paging }) => {
      apis.get(restApiId);
      return apis.page(
        [...DEFAULT_RESPONSES.keys()].map((type) => find(restApiId, type)),
        paging,
      );
    },
    UpdateGatewayResponse: ({ restApiId, responseType, patchOperations }) => {
      const members = ["statusCode", "responseParameters", "responseTemplates"];
      const after = patched(find(restApiId, responseType), patchOperations, { members }, apis.fail);
      records.put(restApiId, KINDS.gatewayResponse, responseType, { ...after, defaultResponse: false });
      return { ...after, defaultResponse: false };
    },
    DeleteGatewayResponse: ({ restApiId, responseType }) => {
      find(restApiId, responseType);
      if (!records.delete(restApiId, KINDS.gatewayResponse, responseType)) apis.missing("Gateway response type");
      return {};
    },
  } satisfies Handlers<ApiGatewayV1>;
}
