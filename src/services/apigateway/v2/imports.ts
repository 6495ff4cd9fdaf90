/** HTTP APIs made of a description: OpenAPI 3.0, JSON or YAML, with API Gateway's extensions. */
import type { Handlers } from "../../../wire/handlers.ts";
import type { CallContext } from "../../../wire/service.ts";
import { given } from "../control.ts";
import { type DescriptionPart, readDescription } from "../description-part.ts";
import type { ApiParts } from "./apis.ts";
import {
  type Api,
  type ApiGatewayV2,
  type Authorizer,
  type Cors,
  type Integration,
  KINDS,
  type Route,
} from "./shapes.ts";

const EXTENSION = "x-amazon-apigateway-";
const ANY = `${EXTENSION}any-method`;
const METHODS = ["get", "head", "post", "put", "patch", "delete", "options", ANY];
/** What a description replaces. Stages and what was deployed to them stay. */
const REPLACED = [
  [KINDS.route, "RouteId"],
  [KINDS.integration, "IntegrationId"],
  [KINDS.authorizer, "AuthorizerId"],
] as const;

/** By the names that the description has for them. */
type Authorizers = ReadonlyMap<string, Pick<Authorizer, "AuthorizerId" | "AuthorizerType">>;

/** @param handlers which make APIs and authorizers as clients do */
export function importHandlers(parts: ApiParts, handlers: Handlers<ApiGatewayV2>): Handlers<ApiGatewayV2> {
  const { apis, deployments, integrations, routes } = parts;
  const { fail, records } = apis;
  // Both answer at once, with what they have made.
  const createApi = handlers.CreateApi as (input: object, call: CallContext) => Api;
  const updateApi = handlers.UpdateApi as (input: object, call: CallContext) => Api;
  const createAuthorizer = handlers.CreateAuthorizer as (input: object, call: CallContext) => Authorizer;

  return {
    ImportApi: async ({ Body, Basepath }, call) => {
      const root = await read(Body);
      return records.change(() => {
        const api = createApi({ ...settingsOf(root), ProtocolType: "HTTP" }, call);
        fill(String(api.ApiId), root, basePath(root, Basepath), call);
        return api;
      });
    },
    ReimportApi: async ({ ApiId, Body, Basepath }, call) => {
      if (apis.get(ApiId).ProtocolType !== "HTTP") fail("BadRequestException", "Only HTTP APIs can be imported");
      const root = await read(Body);
      return deployments.changing(ApiId, () => {
        for (const [kind, id] of REPLACED) {
          for (const one of records.list<Readonly<Record<string, string>>>(ApiId, kind)) {
            records.delete(ApiId, kind, String(one[id]));
          }
        }
        const api = updateApi({ ...settingsOf(root), ApiId }, call);
        fill(ApiId, root, basePath(root, Basepath), call);
        return api;
      });
    },
  };

  async function read(text: string): Promise<DescriptionPart> {
    const root = await readDescription(text);
    const isKnown = /^3\.0\.\d+$/.test(root?.at("openapi").anyText ?? "");
    return root && isKnown ? root : fail("BadRequestException", "Invalid OpenAPI input: only OpenAPI 3.0 is supported");
  }

  function basePath(root: DescriptionPart, wanted = "ignore"): string {
    if (wanted === "ignore") return "";
    if (wanted !== "prepend") fail("BadRequestException", "Of basepath this region serves ignore and prepend");
    const url = root.at("servers").items[0]?.at("url").text ?? "";
    return url.replace(/^[a-z]+:\/\/[^/]*/, "").replace(/\/$/, "");
  }

  function fill(apiId: string, root: DescriptionPart, base: string, call: CallContext): void {
    const authorizers = authorizersOf(apiId, root, call);
    /** Those that several operations refer to are made once. */
    const shared = new Map<string, string>();
    for (const [path, item] of root.at("paths").entries) {
      for (const method of METHODS) {
        const operation = item.at(method);
        if (!operation.isThere) continue;
        const RouteKey =
          path === "/$default" ? "$default" : `${method === ANY ? "ANY" : method.toUpperCase()} ${base}${path}`;
        const integrationId = integrationOf(apiId, operation, shared);
        routes.create(apiId, {
          RouteKey,
          ...given({ OperationName: operation.at("operationId").text }),
          ...(integrationId !== undefined && { Target: `integrations/${integrationId}` }),
          ...authorizationOf(root, operation, authorizers),
        });
      }
    }
  }

  function integrationOf(apiId: string, operation: DescriptionPart, shared: Map<string, string>): string | undefined {
    const name = `${EXTENSION}integration`;
    const integration = operation.at(name);
    if (!integration.isThere) return undefined;
    const reference = operation.referenceAt(name);
    const known = reference === undefined ? undefined : shared.get(reference);
    if (known !== undefined) return known;
    const id = String(integrations.create(apiId, integrationInput(integration)).IntegrationId);
    if (reference !== undefined) shared.set(reference, id);
    return id;
  }

  function authorizersOf(ApiId: string, root: DescriptionPart, call: CallContext): Authorizers {
    const made = root
      .at("components")
      .at("securitySchemes")
      .entries.flatMap(([Name, scheme]) => {
        const authorizer = scheme.at(`${EXTENSION}authorizer`);
        if (!authorizer.isThere) return [];
        return [[Name, createAuthorizer({ ApiId, Name, ...authorizerInput(authorizer, scheme) }, call)] as const];
      });
    return new Map(made);
  }

  function authorizationOf(
    root: DescriptionPart,
    operation: DescriptionPart,
    authorizers: Authorizers,
  ): Partial<Route> {
    const asked = operation.at("security").isThere ? operation.at("security") : root.at("security");
    if (operation.at(`${EXTENSION}auth`).at("type").text?.toUpperCase() === "AWS_IAM") {
      return { AuthorizationType: "AWS_IAM" };
    }
    for (const [name, scopes] of asked.items.flatMap(({ entries }) => entries)) {
      const scheme = root.at("components").at("securitySchemes").at(name);
      if (!scheme.isThere) fail("BadRequestException", `Unable to find the security scheme ${name}`);
      if (scheme.at(`${EXTENSION}authtype`).text === "awsSigv4") return { AuthorizationType: "AWS_IAM" };
      const { AuthorizerId, AuthorizerType } = authorizers.get(name) ?? {};
      if (AuthorizerId === undefined) continue;
      const isJwt = AuthorizerType === "JWT";
      return {
        AuthorizerId,
        AuthorizationType: isJwt ? "JWT" : "CUSTOM",
        ...(isJwt && scopes.texts.length > 0 && { AuthorizationScopes: scopes.texts }),
      };
    }
    return {};
  }
}

function settingsOf(root: DescriptionPart): Partial<Api> {
  const { title, description, version } = Object.fromEntries(
    root.at("info").entries.map(([name, part]) => [name, part.anyText]),
  );
  const cors = root.at(`${EXTENSION}cors`);
  return given({
    Name: title ?? "",
    Description: description,
    Version: version,
    CorsConfiguration: cors.isThere ? corsOf(cors) : undefined,
  }) as Partial<Api>;
}

function corsOf(cors: DescriptionPart): Cors {
  const list = (name: string): readonly string[] | undefined => {
    const part = cors.at(name);
    if (part.anyText !== undefined) return [part.anyText];
    return part.isThere ? part.texts : undefined;
  };
  return given({
    AllowOrigins: list("allowOrigins"),
    AllowMethods: list("allowMethods"),
    AllowHeaders: list("allowHeaders"),
    ExposeHeaders: list("exposeHeaders"),
    AllowCredentials: cors.at("allowCredentials").isThere ? cors.at("allowCredentials").flag : undefined,
    MaxAge: cors.at("maxAge").number,
  }) as Cors;
}

function integrationInput(part: DescriptionPart): Partial<Integration> {
  const parameters = part.at("requestParameters");
  return given({
    IntegrationType: part.at("type").text?.toUpperCase(),
    IntegrationMethod: part.at("httpMethod").text,
    IntegrationUri: part.at("uri").text,
    IntegrationSubtype: part.at("subtype").text,
    PayloadFormatVersion: part.at("payloadFormatVersion").number?.toFixed(1),
    TimeoutInMillis: part.at("timeoutInMillis").number,
    CredentialsArn: part.at("credentials").text,
    ConnectionType: part.at("connectionType").text,
    ConnectionId: part.at("connectionId").text,
    Description: part.at("description").text,
    RequestParameters: parameters.isThere ? parameters.textMap : undefined,
  }) as Partial<Integration>;
}

function authorizerInput(part: DescriptionPart, scheme: DescriptionPart): object {
  const type = part.at("type").text?.toUpperCase();
  const source = part.at("identitySource");
  const jwt = part.at("jwtConfiguration");
  const byScheme = scheme.at("name").text ?? "Authorization";
  return given({
    AuthorizerType: type,
    // Several stand in one text.
    IdentitySource: source.text?.split(",").map((one) => one.trim()) ?? [`$request.header.${byScheme}`],
    AuthorizerUri: part.at("authorizerUri").text,
    AuthorizerCredentialsArn: part.at("authorizerCredentials").text,
    AuthorizerPayloadFormatVersion: part.at("authorizerPayloadFormatVersion").number?.toFixed(1),
    AuthorizerResultTtlInSeconds: part.at("authorizerResultTtlInSeconds").number,
    EnableSimpleResponses: part.at("enableSimpleResponses").isThere ? part.at("enableSimpleResponses").flag : undefined,
    JwtConfiguration: jwt.isThere ? { Issuer: jwt.at("issuer").text, Audience: jwt.at("audience").texts } : undefined,
  });
}
