/** Integrations: what answers on a route. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { type Control, given } from "../control.ts";
import { functionOfUri } from "../function-uri.ts";
import type { Deployments } from "./deployments.ts";
import { type Apis, Parts } from "./parts.ts";
import {
  type Api,
  type ApiGatewayV2,
  type Integration,
  type IntegrationResponse,
  KINDS,
  type Route,
} from "./shapes.ts";

const TYPES = { HTTP: ["AWS_PROXY", "HTTP_PROXY"], WEBSOCKET: ["AWS_PROXY", "MOCK", "AWS", "HTTP", "HTTP_PROXY"] };
/** ms */
const LONGEST = { HTTP: 30_000, WEBSOCKET: 29_000 };

type StoredResponse = IntegrationResponse & { readonly IntegrationId: string };

export class Integrations {
  readonly #apis: Apis;
  readonly #deployments: Deployments;
  readonly #control: Control;
  readonly #integrations: Parts<Integration>;
  readonly #responses: Parts<StoredResponse>;

  constructor(apis: Apis, deployments: Deployments, control: Control) {
    this.#apis = apis;
    this.#deployments = deployments;
    this.#control = control;
    this.#integrations = new Parts(apis, KINDS.integration, "Integration");
    this.#responses = new Parts(apis, KINDS.integrationResponse, "IntegrationResponse");
  }

  create(apiId: string, input: Partial<Integration>): Integration {
    const api = this.#apis.get(apiId);
    const isHttp = api.ProtocolType === "HTTP";
    const IntegrationId = newPartId();
    const integration: Integration = {
      ConnectionType: "INTERNET",
      ...(input.IntegrationType === "AWS_PROXY" && isHttp && { IntegrationMethod: "POST" }),
      PayloadFormatVersion: "1.0",
      ...(!isHttp && { PassthroughBehavior: "WHEN_NO_MATCH" }),
      TimeoutInMillis: LONGEST[isHttp ? "HTTP" : "WEBSOCKET"],
      ...given(input),
      IntegrationId,
    };
    this.#check(api, integration);
    return this.#integrations.put(apiId, IntegrationId, integration);
  }

  handlers(): Handlers<ApiGatewayV2> {
    const integrations = this.#integrations;
    const responses = this.#responses;
    const changing = <T>(apiId: string, change: () => T): T => this.#deployments.changing(apiId, change);
    const told = ({ IntegrationId: _, ...response }: StoredResponse): IntegrationResponse => response;
    return {
      CreateIntegration: ({ ApiId, ...input }) => changing(ApiId, () => this.create(ApiId, given(input))),
      GetIntegration: ({ ApiId, IntegrationId }) => integrations.get(ApiId, IntegrationId),
      GetIntegrations: ({ ApiId, ...paging }) => integrations.list(ApiId, paging),
      UpdateIntegration: ({ ApiId, IntegrationId, ...changes }) =>
        changing(ApiId, () =>
          integrations.update(ApiId, IntegrationId, given(changes), (after) =>
            this.#check(this.#apis.get(ApiId), after),
          ),
        ),
      DeleteIntegration: ({ ApiId, IntegrationId }) =>
        changing(ApiId, () => {
          integrations.get(ApiId, IntegrationId);
          const routes = this.#apis.records.list<Route>(ApiId, KINDS.route);
          const user = routes.find(({ Target }) => Target === `integrations/${IntegrationId}`);
          if (user) {
            this.#apis.fail(
              "ConflictException",
              `Cannot delete Integration '${IntegrationId}', it is in use by Route '${user.RouteId}'`,
            );
          }
          integrations.delete(ApiId, IntegrationId);
          return {};
        }),
      CreateIntegrationResponse: ({ ApiId, IntegrationId, ...input }) => {
        integrations.get(ApiId, IntegrationId);
        const IntegrationResponseId = newPartId();
        const response = { ...given(input), IntegrationId, IntegrationResponseId };
        return told(responses.put(ApiId, `${IntegrationId}/${IntegrationResponseId}`, response as StoredResponse));
      },
      GetIntegrationResponse: ({ ApiId, IntegrationId, IntegrationResponseId }) =>
        told(responses.get(ApiId, `${IntegrationId}/${IntegrationResponseId}`)),
      GetIntegrationResponses: ({ ApiId, IntegrationId, ...paging }) => {
        integrations.get(ApiId, IntegrationId);
        const of = responses.all(ApiId).filter((response) => response.IntegrationId === IntegrationId);
        return this.#apis.page(of.map(told), paging);
      },
      UpdateIntegrationResponse: ({ ApiId, IntegrationId, IntegrationResponseId, ...changes }) =>
        told(responses.update(ApiId, `${IntegrationId}/${IntegrationResponseId}`, given(changes))),
      DeleteIntegrationResponse: ({ ApiId, IntegrationId, IntegrationResponseId }) => {
        responses.delete(ApiId, `${IntegrationId}/${IntegrationResponseId}`);
        return {};
      },
    };
  }

  #check({ ProtocolType }: Api, integration: Integration): void {
    const { fail } = this.#apis;
    const protocol = ProtocolType === "HTTP" ? "HTTP" : "WEBSOCKET";
    const {
      IntegrationType = "",
      IntegrationUri,
      IntegrationSubtype,
      TimeoutInMillis,
      PayloadFormatVersion,
    } = integration;
    if (!TYPES[protocol].includes(IntegrationType)) {
      fail("BadRequestException", `Invalid integration type specified. Must be one of [${TYPES[protocol].join(", ")}]`);
    }
    if (IntegrationSubtype !== undefined) {
      fail(
        "BadRequestException",
        `Integrations with AWS services (${IntegrationSubtype}) are not served by this region`,
      );
    }
    if (protocol === "WEBSOCKET" && !["AWS_PROXY", "MOCK"].includes(IntegrationType)) {
      fail("BadRequestException", `${IntegrationType} integrations of WebSocket APIs are not served by this region`);
    }
    if (integration.ConnectionType === "VPC_LINK") {
      fail("BadRequestException", "VPC links are not served by this region");
    }
    const longest = LONGEST[protocol];
    if (TimeoutInMillis !== undefined && (TimeoutInMillis < 50 || TimeoutInMillis > longest)) {
      fail("BadRequestException", `Timeout should be between 50 ms and ${longest} ms`);
    }
    if (IntegrationType === "MOCK") return;
    if (!IntegrationUri)
      return fail("BadRequestException", "IntegrationUri is a required parameter for integration type");
    if (IntegrationType === "HTTP_PROXY") {
      const isUrl = /^https?:\/\/\S+$/.test(IntegrationUri);
      if (!isUrl || !integration.IntegrationMethod) {
        fail("BadRequestException", isUrl ? "HttpMethod cannot be empty" : "Invalid HTTP endpoint specified for URI");
      }
      if (PayloadFormatVersion !== "1.0") {
        fail("BadRequestException", "PayloadFormatVersion for HTTP_PROXY integrations must be 1.0");
      }
      return;
    }
    if (!["1.0", "2.0"].includes(PayloadFormatVersion ?? "")) {
      fail("BadRequestException", "Invalid PayloadFormatVersion. Must be one of [1.0, 2.0]");
    }
    // What a stage variable names is known only where the stage is.
    if (IntegrationUri.includes("${stageVariables.")) return;
    if (!functionOfUri(IntegrationUri, this.#control.place)) {
      fail("BadRequestException", "Integration URI is not the ARN of a Lambda function of this region");
    }
  }
}
