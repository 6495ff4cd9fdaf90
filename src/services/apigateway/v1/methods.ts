/** The methods of a resource, as they are kept within it. */
import type { RestApis } from "./rest-apis.ts";
import type { Integration, IntegrationResponse, Method, MethodResponse, Resource } from "./shapes.ts";

export interface MethodPlace {
  readonly restApiId: string;
  readonly resourceId: string;
  readonly httpMethod: string;
}

export class Methods {
  readonly #apis: RestApis;

  constructor(apis: RestApis) {
    this.#apis = apis;
  }

  find({ restApiId, resourceId, httpMethod }: MethodPlace): Method | undefined {
    const { resourceMethods = {} } = this.#apis.resource(restApiId, resourceId);
    return Object.hasOwn(resourceMethods, httpMethod) ? resourceMethods[httpMethod] : undefined;
  }

  /** @throws ServiceError NotFoundException */
  get(place: MethodPlace): Method {
    return this.find(place) ?? this.#apis.missing("Method");
  }

  put({ restApiId, resourceId, httpMethod }: MethodPlace, method: Method | undefined): void {
    const resource: Resource = this.#apis.resource(restApiId, resourceId);
    const { [httpMethod]: _, ...others } = resource.resourceMethods ?? {};
    const resourceMethods = method === undefined ? others : { ...others, [httpMethod]: method };
    this.#apis.putResource(restApiId, { ...resource, resourceMethods });
  }

  integration(place: MethodPlace): Integration {
    return this.get(place).methodIntegration ?? this.#apis.missing("Integration");
  }

  putIntegration(place: MethodPlace, integration: Integration | undefined): void {
    const { methodIntegration: _, ...method } = this.get(place);
    this.put(place, integration === undefined ? method : { ...method, methodIntegration: integration });
  }

  response(place: MethodPlace, statusCode: string): MethodResponse {
    const { methodResponses = {} } = this.get(place);
    return own(methodResponses, statusCode) ?? this.#apis.missing("Response status code");
  }

  putResponse(place: MethodPlace, statusCode: string, response: MethodResponse | undefined): void {
    const method = this.get(place);
    const { [statusCode]: _, ...others } = method.methodResponses ?? {};
    const methodResponses = response === undefined ? others : { ...others, [statusCode]: response };
    this.put(place, { ...method, methodResponses });
  }

  integrationResponse(place: MethodPlace, statusCode: string): IntegrationResponse {
    const { integrationResponses = {} } = this.integration(place);
    return own(integrationResponses, statusCode) ?? this.#apis.missing("Response status code");
  }

  putIntegrationResponse(place: MethodPlace, statusCode: string, response: IntegrationResponse | undefined): void {
    const integration = this.integration(place);
    const { [statusCode]: _, ...others } = integration.integrationResponses ?? {};
    const integrationResponses = response === undefined ? others : { ...others, [statusCode]: response };
    this.putIntegration(place, { ...integration, integrationResponses });
  }
}

const own = <T>(map: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;
