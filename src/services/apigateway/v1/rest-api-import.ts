/** Puts what a description says into a REST API, by the operations that anybody could call; an error names what it is about. */
import type { Input } from "../../../wire/handlers.ts";
import { ServiceError } from "../../../wire/service-error.ts";
import type { DescriptionPart } from "../description-part.ts";
import { type DescribedMethod, describedMethod, type Known } from "./described-method.ts";
import { methodOperations } from "./method-operations.ts";
import { type MethodPlace, Methods } from "./methods.ts";
import { partOperations } from "./part-operations.ts";
import { resourceOperations } from "./resource-operations.ts";
import type { RestApis } from "./rest-apis.ts";
import { type ApiGatewayV1, type Authorizer, KINDS, type RequestValidator } from "./shapes.ts";

const ANY = "x-amazon-apigateway-any-method";
const METHODS = ["get", "head", "post", "put", "patch", "delete", "options", ANY];
/** What API Gateway takes as the name of a model. */
const MODEL_NAME = /^[A-Za-z0-9]+$/;

export class RestApiImport {
  readonly #apis: RestApis;
  readonly #restApiId: string;
  readonly #root: DescriptionPart;
  readonly #resources;
  readonly #methods;
  readonly #parts;

  constructor(apis: RestApis, restApiId: string, root: DescriptionPart) {
    this.#apis = apis;
    this.#restApiId = restApiId;
    this.#root = root;
    this.#resources = resourceOperations(apis);
    this.#methods = { ...methodOperations(apis), kept: new Methods(apis) };
    this.#parts = partOperations(apis);
  }

  /** @param basePath what stands before every path @throws ServiceError */
  put(basePath: string): void {
    this.#putModels();
    this.#putGatewayResponses();
    const known: Known = { authorizers: this.#putAuthorizers(), validators: this.#putValidators() };
    for (const [path, part] of this.#root.at("paths").entries) {
      const resourceId = this.#resourceAt(basePath + path);
      for (const name of METHODS) {
        const operation = part.at(name);
        if (!operation.isThere) continue;
        const httpMethod = name === ANY ? "ANY" : name.toUpperCase();
        const place = { restApiId: this.#restApiId, resourceId, httpMethod };
        this.#putMethod(place, path, describedMethod(this.#root, part, operation, known));
      }
    }
  }

  #putMethod(
    place: MethodPlace,
    path: string,
    { method, responses, integration, integrationResponses }: DescribedMethod,
  ) {
    const on = `'${place.httpMethod}' for resource at path '${path}'`;
    this.#attempt(`Unable to put method ${on}`, () => {
      this.#methods.kept.put(place, undefined);
      this.#methods.PutMethod({ ...place, ...method });
      for (const response of responses) {
        // That of all other statuses has no place among an API's own.
        if (response.statusCode !== "default") this.#methods.PutMethodResponse({ ...place, ...response });
      }
    });
    if (integration === undefined) return;
    this.#attempt(`Unable to put integration on ${on}`, () =>
      this.#methods.PutIntegration({ ...place, ...integration }),
    );
    for (const response of integrationResponses) {
      this.#attempt(`Unable to put integration response on ${on}`, () => {
        const { methodResponses = {} } = this.#methods.kept.get(place);
        const { statusCode } = response;
        if (!Object.hasOwn(methodResponses, statusCode)) this.#methods.PutMethodResponse({ ...place, statusCode });
        this.#methods.PutIntegrationResponse({ ...place, ...response });
      });
    }
  }

  /** The resource of a path, made with all that are above it where they are not there. */
  #resourceAt(path: string): string {
    const restApiId = this.#restApiId;
    let { rootResourceId: id = "" } = this.#apis.get(restApiId);
    for (const pathPart of path.split("/").filter((part) => part !== "")) {
      const parentId = id;
      const there = this.#apis
        .resources(restApiId)
        .find((one) => one.parentId === parentId && one.pathPart === pathPart);
      const made =
        there ??
        this.#attempt(`Unable to create resource at path '${path}'`, () =>
          this.#resources.CreateResource({ restApiId, parentId, pathPart }),
        );
      id = String(made.id);
    }
    return id;
  }

  #putModels(): void {
    const { records } = this.#apis.control;
    const components = this.#root.at("components").at("schemas");
    for (const [name, schema] of [...this.#root.at("definitions").entries, ...components.entries]) {
      if (!MODEL_NAME.test(name)) continue;
      records.delete(this.#restApiId, KINDS.model, name);
      const model = { name, contentType: "application/json", schema: JSON.stringify(schema.value) };
      this.#parts.CreateModel({ restApiId: this.#restApiId, ...model });
    }
  }

  #putGatewayResponses(): void {
    for (const [type, part] of this.#root.at("x-amazon-apigateway-gateway-responses").entries) {
      const response = {
        responseType: type as Input<ApiGatewayV1, "PutGatewayResponse">["responseType"],
        statusCode: part.at("statusCode").anyText,
        responseParameters: part.at("responseParameters").textMap,
        responseTemplates: part.at("responseTemplates").textMap,
      };
      this.#attempt(`Unable to put gateway response '${type}'`, () =>
        this.#parts.PutGatewayResponse({ restApiId: this.#restApiId, ...response }),
      );
    }
  }

  /** @returns their ids, by the names of their security schemes */
  #putAuthorizers(): ReadonlyMap<string, string> {
    const { records } = this.#apis.control;
    const ids = new Map<string, string>();
    const schemes = [this.#root.at("securityDefinitions"), this.#root.at("components").at("securitySchemes")];
    for (const [name, scheme] of schemes.flatMap(({ entries }) => entries)) {
      const part = scheme.at("x-amazon-apigateway-authorizer");
      if (!part.isThere) continue;
      const type = part.at("type").text?.toUpperCase() as Input<ApiGatewayV1, "CreateAuthorizer">["type"];
      const header = scheme.at("in").text === "header" ? scheme.at("name").text : undefined;
      const ofHeader = header === undefined ? undefined : `method.request.header.${header}`;
      const before = records.list<Authorizer>(this.#restApiId, KINDS.authorizer).find((one) => one.name === name);
      if (before) records.delete(this.#restApiId, KINDS.authorizer, String(before.id));
      const { id } = this.#attempt(`Unable to create authorizer '${name}'`, () =>
        this.#parts.CreateAuthorizer({
          restApiId: this.#restApiId,
          name,
          type,
          authType: scheme.at("x-amazon-apigateway-authtype").text,
          authorizerUri: part.at("authorizerUri").text,
          authorizerCredentials: part.at("authorizerCredentials").text,
          identitySource: part.at("identitySource").text ?? ofHeader,
          identityValidationExpression: part.at("identityValidationExpression").text,
          authorizerResultTtlInSeconds: part.at("authorizerResultTtlInSeconds").number,
        }),
      );
      ids.set(name, String(id));
    }
    return ids;
  }

  /** @returns their ids, by their names */
  #putValidators(): ReadonlyMap<string, string> {
    const { records } = this.#apis.control;
    const ids = new Map<string, string>();
    for (const [name, part] of this.#root.at("x-amazon-apigateway-request-validators").entries) {
      const before = records.list<RequestValidator>(this.#restApiId, KINDS.validator).find((one) => one.name === name);
      if (before) records.delete(this.#restApiId, KINDS.validator, String(before.id));
      const { id } = this.#parts.CreateRequestValidator({
        restApiId: this.#restApiId,
        name,
        validateRequestBody: part.at("validateRequestBody").flag,
        validateRequestParameters: part.at("validateRequestParameters").flag,
      });
      ids.set(name, String(id));
    }
    return ids;
  }

  /** @throws ServiceError that says what it was about, as AWS's do */
  #attempt<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return this.#apis.fail("BadRequestException", `Errors found during import:\n\t${what}: ${error.message}`);
    }
  }
}
