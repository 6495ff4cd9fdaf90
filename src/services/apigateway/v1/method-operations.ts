/** Methods of resources, what answers on them, and how. */
import type { Handlers } from "../../../wire/handlers.ts";
import { given } from "../control.ts";
import { functionOfUri } from "../function-uri.ts";
import { type MethodPlace, Methods } from "./methods.ts";
import { type PatchRules, patched } from "./patch.ts";
import type { RestApis } from "./rest-apis.ts";
import { type ApiGatewayV1, type Authorizer, type Integration, KINDS, type Method } from "./shapes.ts";

const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"];
/** ms */
const LONGEST = 29_000;
/** ms, of answers that are streamed */
const LONGEST_STREAM = 900_000;

const METHOD_PATCH: PatchRules = {
  members: [
    "authorizationType",
    "authorizerId",
    "apiKeyRequired",
    "operationName",
    "requestParameters",
    "requestModels",
    "requestValidatorId",
    "authorizationScopes",
  ],
  lists: ["authorizationScopes"],
  areFlags: true,
};
const INTEGRATION_PATCH: PatchRules = {
  members: [
    "uri",
    "httpMethod",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "contentHandling",
    "timeoutInMillis",
    "cacheNamespace",
    "cacheKeyParameters",
    "responseTransferMode",
  ],
  lists: ["cacheKeyParameters"],
};
const RESPONSE_PATCH: PatchRules = { members: ["responseParameters", "responseModels"], areFlags: true };
const INTEGRATION_RESPONSE_PATCH: PatchRules = {
  members: ["selectionPattern", "responseParameters", "responseTemplates", "contentHandling"],
};

export function methodOperations(apis: RestApis) {
  const { fail, control } = apis;
  const methods = new Methods(apis);

  function checkMethod(restApiId: string, method: Method): Method {
    const { authorizationType, authorizerId } = method;
    if (!["NONE", "AWS_IAM", "CUSTOM"].includes(authorizationType ?? "")) {
      fail(
        "BadRequestException",
        authorizationType === "COGNITO_USER_POOLS"
          ? "Cognito user pools are not served by this region"
          : "Invalid authorization type specified. Valid values: NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS",
      );
    }
    if (authorizationType === "CUSTOM") {
      const known = authorizerId && control.records.get<Authorizer>(restApiId, KINDS.authorizer, authorizerId);
      if (!known)
        fail(
          "BadRequestException",
          `Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.`,
        );
    }
    return method;
  }

  function checkIntegration(integration: Integration): Integration {
    const { type, uri, httpMethod, timeoutInMillis: timeoutMs, requestTemplates = {} } = integration;
    if (type === "AWS" || type === "HTTP") {
      fail(
        "BadRequestException",
        `Integrations of type ${type}, which need mapping templates, are not served by this region: use ${type}_PROXY`,
      );
    }
    if (type !== "AWS_PROXY" && type !== "HTTP_PROXY" && type !== "MOCK") {
      fail("BadRequestException", "Invalid integration type specified");
    }
    if (integration.connectionType === "VPC_LINK")
      fail("BadRequestException", "VPC links are not served by this region");
    const longest = integration.responseTransferMode === "STREAM" ? LONGEST_STREAM : LONGEST;
    if (timeoutMs !== undefined && (timeoutMs < 50 || timeoutMs > longest)) {
      fail("BadRequestException", `Timeout should be between 50 ms and ${longest} ms`);
    }
    if (type === "MOCK") return checkTemplates(integration, requestTemplates);
    if (!httpMethod) fail("BadRequestException", "Enumeration value for HttpMethod must be non-empty");
    if (!uri) return fail("BadRequestException", `Invalid HTTP endpoint specified for URI`);
    const hasVariable = uri.includes("${stageVariables.");
    if (type === "HTTP_PROXY" && !hasVariable && !URL.canParse(uri.replaceAll(/[{}]/g, ""))) {
      fail("BadRequestException", "Invalid HTTP endpoint specified for URI");
    }
    if (type === "AWS_PROXY" && !hasVariable && !functionOfUri(uri, control.place)) {
      fail("BadRequestException", "AWS ARN for integration must contain path or action");
    }
    return integration;
  }

  /** Of mapping templates only those are served that stand for themselves. */
  function checkTemplates<T>(value: T, templates: Readonly<Record<string, string | undefined>>): T {
    const evaluated = Object.values(templates).find((template) =>
      /#(set|if|foreach|end|else)\b|\$(input|util|context|stageVariables)\b/.test(template ?? ""),
    );
    if (evaluated !== undefined) {
      fail(
        "BadRequestException",
        "Mapping templates in the Velocity language are not evaluated by this region: only fixed text is",
      );
    }
    return value;
  }

  return {
    PutMethod: ({ restApiId, resourceId, ...method }) => {
      const place: MethodPlace = { restApiId, resourceId, httpMethod: method.httpMethod };
      if (!HTTP_METHODS.includes(method.httpMethod)) fail("BadRequestException", "Invalid HttpMethod specified");
      if (methods.find(place)) fail("ConflictException", "Method already exists for this resource");
      const kept = checkMethod(restApiId, { apiKeyRequired: false, ...given(method) });
      methods.put(place, kept);
      return kept;
    },
    GetMethod: (place) => methods.get(place),
    UpdateMethod: ({ patchOperations, ...place }) => {
      const after = checkMethod(place.restApiId, patched(methods.get(place), patchOperations, METHOD_PATCH, fail));
      methods.put(place, after);
      return after;
    },
    DeleteMethod: (place) => {
      methods.get(place);
      methods.put(place, undefined);
      return {};
    },
    PutMethodResponse: ({ restApiId, resourceId, httpMethod, ...response }) => {
      const place = { restApiId, resourceId, httpMethod };
      const { methodResponses = {} } = methods.get(place);
      if (Object.hasOwn(methodResponses, response.statusCode)) {
        fail("ConflictException", "Response already exists for this resource");
      }
      methods.putResponse(place, response.statusCode, given(response));
      return methods.response(place, response.statusCode);
    },
    GetMethodResponse: ({ statusCode, ...place }) => methods.response(place, statusCode),
    UpdateMethodResponse: ({ statusCode, patchOperations, ...place }) => {
      const after = patched(methods.response(place, statusCode), patchOperations, RESPONSE_PATCH, fail);
      methods.putResponse(place, statusCode, after);
      return after;
    },
    DeleteMethodResponse: ({ statusCode, ...place }) => {
      methods.response(place, statusCode);
      methods.putResponse(place, statusCode, undefined);
      return {};
    },
    PutIntegration: ({ restApiId, resourceId, httpMethod, integrationHttpMethod, ...input }) => {
      const place = { restApiId, resourceId, httpMethod };
      methods.get(place);
      const integration = checkIntegration({
        passthroughBehavior: "WHEN_NO_MATCH",
        timeoutInMillis: LONGEST,
        cacheNamespace: resourceId,
        cacheKeyParameters: [],
        ...given(input),
        ...(integrationHttpMethod !== undefined && { httpMethod: integrationHttpMethod }),
      });
      methods.putIntegration(place, integration);
      return integration;
    },
    GetIntegration: (place) => methods.integration(place),
    UpdateIntegration: ({ patchOperations, ...place }) => {
      const after = checkIntegration(patched(methods.integration(place), patchOperations, INTEGRATION_PATCH, fail));
      methods.putIntegration(place, after);
      return after;
    },
    DeleteIntegration: (place) => {
      methods.integration(place);
      methods.putIntegration(place, undefined);
      return {};
    },
    PutIntegrationResponse: ({ restApiId, resourceId, httpMethod, ...response }) => {
      const place = { restApiId, resourceId, httpMethod };
      const { type } = methods.integration(place);
      methods.response(place, response.statusCode);
      if (type === "MOCK") checkTemplates(response, response.responseTemplates ?? {});
      methods.putIntegrationResponse(place, response.statusCode, given(response));
      return methods.integrationResponse(place, response.statusCode);
    },
    GetIntegrationResponse: ({ statusCode, ...place }) => methods.integrationResponse(place, statusCode),
    UpdateIntegrationResponse: ({ statusCode, patchOperations, ...place }) => {
      const before = methods.integrationResponse(place, statusCode);
      const after = patched(before, patchOperations, INTEGRATION_RESPONSE_PATCH, fail);
      methods.putIntegrationResponse(place, statusCode, checkTemplates(after, after.responseTemplates ?? {}));
      return after;
    },
    DeleteIntegrationResponse: ({ statusCode, ...place }) => {
      methods.integrationResponse(place, statusCode);
      methods.putIntegrationResponse(place, statusCode, undefined);
      return {};
    },
  } satisfies Handlers<ApiGatewayV1>;
}
