/** What an operation of an OpenAPI description (or Swagger 2.0) says of a method, in the words of API Gateway's own operations. */
import type { Input } from "../../../wire/handlers.ts";
import type { DescriptionPart } from "../description-part.ts";
import type { ApiGatewayV1 } from "./shapes.ts";

type Place = "restApiId" | "resourceId" | "httpMethod";
type MethodInput = Omit<Input<ApiGatewayV1, "PutMethod">, Place>;
type ResponseInput = Omit<Input<ApiGatewayV1, "PutMethodResponse">, Place>;
type IntegrationInput = Omit<Input<ApiGatewayV1, "PutIntegration">, Place>;
type IntegrationResponseInput = Omit<Input<ApiGatewayV1, "PutIntegrationResponse">, Place>;

const INTEGRATION = "x-amazon-apigateway-integration";
const VALIDATOR = "x-amazon-apigateway-request-validator";
const PLACES: Readonly<Record<string, string>> = { path: "path", query: "querystring", header: "header" };

export interface DescribedMethod {
  readonly method: MethodInput;
  readonly responses: readonly ResponseInput[];
  readonly integration?: IntegrationInput;
  readonly integrationResponses: readonly IntegrationResponseInput[];
}

/** What of the rest of the document methods refer to: ids, by name. */
export interface Known {
  readonly authorizers: ReadonlyMap<string, string>;
  readonly validators: ReadonlyMap<string, string>;
}

/** @param path the part of the document that the operation stands in */
export function describedMethod(
  root: DescriptionPart,
  path: DescriptionPart,
  operation: DescriptionPart,
  known: Known,
): DescribedMethod {
  const parameters = [...path.at("parameters").items, ...operation.at("parameters").items];
  const validator = operation.at(VALIDATOR).text ?? root.at(VALIDATOR).text;
  const requestValidatorId = validator === undefined ? undefined : known.validators.get(validator);
  const operationName = operation.at("operationId").text;
  const integration = operation.at(INTEGRATION);
  return {
    method: {
      ...security(root, operation, known),
      requestParameters: requestParameters(parameters),
      requestModels: requestModels(root, operation),
      ...(operationName !== undefined && { operationName }),
      ...(requestValidatorId !== undefined && { requestValidatorId }),
    },
    responses: operation
      .at("responses")
      .entries.map(([statusCode, response]) => methodResponse(root, operation, statusCode, response)),
    ...(integration.isThere && { integration: integrationOf(integration) }),
    integrationResponses: integration
      .at("responses")
      .entries.map(([pattern, response]) => integrationResponse(pattern, response)),
  };
}

function security(
  root: DescriptionPart,
  operation: DescriptionPart,
  { authorizers }: Known,
): Pick<MethodInput, "authorizationType" | "authorizerId" | "authorizationScopes" | "apiKeyRequired"> {
  const schemes = root.at("swagger").isThere
    ? root.at("securityDefinitions")
    : root.at("components").at("securitySchemes");
  const asked = operation.at("security").isThere ? operation.at("security") : root.at("security");
  const wanted = asked.items.flatMap(({ entries }) => entries);
  const isKey = (name: string): boolean =>
    schemes.at(name).at("name").text?.toLowerCase() === "x-api-key" && !authorizers.has(name);
  const apiKeyRequired = wanted.some(([name]) => isKey(name));
  const auth =
    operation.at("x-amazon-apigateway-auth").at("type").text ?? root.at("x-amazon-apigateway-auth").at("type").text;
  const isSigned = wanted.some(
    ([name]) => schemes.at(name).at("x-amazon-apigateway-authtype").text?.toLowerCase() === "awssigv4",
  );
  if (isSigned || auth?.toUpperCase() === "AWS_IAM") return { authorizationType: "AWS_IAM", apiKeyRequired };
  for (const [name, scopes] of wanted) {
    const authorizerId = authorizers.get(name);
    if (authorizerId === undefined) continue;
    const authorizationScopes = scopes.texts;
    const more = authorizationScopes.length > 0 && { authorizationScopes };
    return { authorizationType: "CUSTOM", authorizerId, apiKeyRequired, ...more };
  }
  return { authorizationType: "NONE", apiKeyRequired };
}

function requestParameters(parameters: readonly DescriptionPart[]): Record<string, boolean> {
  const found: Record<string, boolean> = {};
  for (const parameter of parameters) {
    const place = PLACES[parameter.at("in").text ?? ""];
    const name = parameter.at("name").text;
    if (place !== undefined && name !== undefined)
      found[`method.request.${place}.${name}`] = parameter.at("required").flag;
  }
  return found;
}

/** Models that are named; those that are written out where they are used have no name to be kept under. */
function requestModels(root: DescriptionPart, operation: DescriptionPart): Record<string, string> {
  const body = operation.at("parameters").items.find((parameter) => parameter.at("in").text === "body");
  const model = body?.referenceAt("schema");
  if (model !== undefined)
    return Object.fromEntries(mediaTypes(root, operation, "consumes").map((type) => [type, model]));
  return contentModels(operation.at("requestBody"));
}

function methodResponse(
  root: DescriptionPart,
  operation: DescriptionPart,
  statusCode: string,
  response: DescriptionPart,
): ResponseInput {
  const model = response.referenceAt("schema");
  const ofSwagger =
    model === undefined ? [] : mediaTypes(root, operation, "produces").map((type) => [type, model] as const);
  const headers = response.at("headers").entries.map(([name]) => [`method.response.header.${name}`, false] as const);
  return {
    statusCode,
    responseModels: { ...Object.fromEntries(ofSwagger), ...contentModels(response) },
    ...(headers.length > 0 && { responseParameters: Object.fromEntries(headers) }),
  };
}

function mediaTypes(root: DescriptionPart, operation: DescriptionPart, name: "consumes" | "produces"): string[] {
  const [own, all] = [operation.at(name).texts, root.at(name).texts];
  if (own.length > 0) return own;
  return all.length > 0 ? all : ["application/json"];
}

function contentModels(body: DescriptionPart): Record<string, string> {
  const named = body.at("content").entries.map(([type, content]) => [type, content.referenceAt("schema")] as const);
  return Object.fromEntries(named.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

function integrationOf(part: DescriptionPart): IntegrationInput {
  const type = part.at("type").text?.toUpperCase() as IntegrationInput["type"];
  const texts = {
    integrationHttpMethod: part.at("httpMethod").text?.toUpperCase(),
    uri: part.at("uri").text,
    credentials: part.at("credentials").text,
    passthroughBehavior: part.at("passthroughBehavior").text?.toUpperCase(),
    contentHandling: part.at("contentHandling").text?.toUpperCase() as IntegrationInput["contentHandling"],
    cacheNamespace: part.at("cacheNamespace").text,
    connectionType: part.at("connectionType").text?.toUpperCase() as IntegrationInput["connectionType"],
    connectionId: part.at("connectionId").text,
    responseTransferMode: part
      .at("responseTransferMode")
      .text?.toUpperCase() as IntegrationInput["responseTransferMode"],
  };
  return {
    type,
    ...texts,
    timeoutInMillis: part.at("timeoutInMillis").number,
    ...(part.at("cacheKeyParameters").isThere && { cacheKeyParameters: part.at("cacheKeyParameters").texts }),
    ...(part.at("requestParameters").isThere && { requestParameters: part.at("requestParameters").textMap }),
    ...(part.at("requestTemplates").isThere && { requestTemplates: part.at("requestTemplates").textMap }),
    ...(part.at("tlsConfig").isThere && {
      tlsConfig: { insecureSkipVerification: part.at("tlsConfig").at("insecureSkipVerification").flag },
    }),
  };
}

/** @param pattern what the answer must match; `default` for what matches no other */
function integrationResponse(pattern: string, part: DescriptionPart): IntegrationResponseInput {
  return {
    statusCode: part.at("statusCode").anyText ?? "200",
    ...(pattern !== "default" && { selectionPattern: pattern }),
    ...(part.at("responseParameters").isThere && { responseParameters: part.at("responseParameters").textMap }),
    ...(part.at("responseTemplates").isThere && { responseTemplates: part.at("responseTemplates").textMap }),
    contentHandling: part.at("contentHandling").text?.toUpperCase() as IntegrationResponseInput["contentHandling"],
  };
}
