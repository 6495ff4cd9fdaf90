/** Authorizers: who decides about callers. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { type Control, given } from "../control.ts";
import { functionOfUri } from "../function-uri.ts";
import type { Deployments } from "./deployments.ts";
import { type Apis, Parts } from "./parts.ts";
import { type Api, type ApiGatewayV2, type Authorizer, KINDS, type Route } from "./shapes.ts";

const HTTP_SOURCE = /^\$(request\.(header|querystring)\.[^\s]+|context\.[\w.]+|stageVariables\.\w+)$/;
const WEBSOCKET_SOURCE = /^(route\.request\.(header|querystring)\.[^\s]+|context\.[\w.]+|stageVariables\.\w+)$/;

export function authorizerHandlers(apis: Apis, deployments: Deployments, control: Control): Handlers<ApiGatewayV2> {
  const authorizers = new Parts<Authorizer>(apis, KINDS.authorizer, "Authorizer");
  const { fail } = apis;

  function check({ ProtocolType }: Api, authorizer: Authorizer): void {
    const { AuthorizerType, AuthorizerUri, JwtConfiguration, IdentitySource = [] } = authorizer;
    const isHttp = ProtocolType === "HTTP";
    if (AuthorizerType !== "REQUEST" && !(AuthorizerType === "JWT" && isHttp)) {
      fail("BadRequestException", "Invalid authorizer type specified. Must be one of [REQUEST, JWT]");
    }
    const source = isHttp ? HTTP_SOURCE : WEBSOCKET_SOURCE;
    const strange = IdentitySource.find((one) => !source.test(one));
    if (strange !== undefined) fail("BadRequestException", `Invalid mapping expression specified: ${strange}`);
    if (AuthorizerType === "JWT") return checkJwt(authorizer);
    if (JwtConfiguration) fail("BadRequestException", "JwtConfiguration is only supported for JWT authorizers");
    if (!AuthorizerUri)
      return fail("BadRequestException", "AuthorizerUri is a required parameter for REQUEST authorizer");
    if (!AuthorizerUri.includes("${stageVariables.") && !functionOfUri(AuthorizerUri, control.place)) {
      fail("BadRequestException", "Invalid Authorizer URI: it is not a Lambda function of this region");
    }
    if (!isHttp) return;
    const { AuthorizerPayloadFormatVersion: format, AuthorizerResultTtlInSeconds: ttl } = authorizer;
    if (format === undefined) {
      fail("BadRequestException", "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
    }
    if (format !== "1.0" && format !== "2.0") {
      fail("BadRequestException", "Invalid AuthorizerPayloadFormatVersion. Must be one of [1.0, 2.0]");
    }
    if (authorizer.EnableSimpleResponses && format === "1.0") {
      fail("BadRequestException", "EnableSimpleResponses is only supported for AuthorizerPayloadFormatVersion 2.0");
    }
    if (ttl !== undefined && (ttl < 0 || ttl > 3600)) {
      fail("BadRequestException", "AuthorizerResultTtlInSeconds must be between 0 and 3600");
    }
    if (ttl !== undefined && ttl > 0 && IdentitySource.length === 0) {
      fail("BadRequestException", "IdentitySource is required when authorizer caching is enabled");
    }
  }

  function checkJwt({ JwtConfiguration, IdentitySource = [] }: Authorizer): void {
    const { Issuer, Audience } = JwtConfiguration ?? {};
    if (!Issuer || !Audience?.length) {
      fail("BadRequestException", "Issuer and Audience are required for JWT authorizers");
    }
    if (!URL.canParse(String(Issuer)) || !/^https?:$/.test(new URL(String(Issuer)).protocol)) {
      fail("BadRequestException", `Invalid issuer: ${Issuer}. Issuer must be a valid URL`);
    }
    if (IdentitySource.length !== 1) {
      fail("BadRequestException", "JWT authorizers must have exactly one identity source");
    }
  }

  function checkName(apiId: string, { Name, AuthorizerId }: Authorizer): void {
    const twin = authorizers.all(apiId).find((other) => other.Name === Name && other.AuthorizerId !== AuthorizerId);
    if (twin)
      fail("BadRequestException", `Authorizer name must be unique. Authorizer ${Name} already exists in this API`);
  }

  return {
    CreateAuthorizer: ({ ApiId, ...input }) =>
      deployments.changing(ApiId, () => {
        const api = apis.get(ApiId);
        const AuthorizerId = newPartId(6);
        const authorizer: Authorizer = { ...given(input), AuthorizerId } as Authorizer;
        check(api, authorizer);
        checkName(ApiId, authorizer);
        return authorizers.put(ApiId, AuthorizerId, authorizer);
      }),
    GetAuthorizer: ({ ApiId, AuthorizerId }) => authorizers.get(ApiId, AuthorizerId),
    GetAuthorizers: ({ ApiId, ...paging }) => authorizers.list(ApiId, paging),
    UpdateAuthorizer: ({ ApiId, AuthorizerId, ...changes }) =>
      deployments.changing(ApiId, () =>
        authorizers.update(ApiId, AuthorizerId, given(changes), (after) => {
          check(apis.get(ApiId), after);
          checkName(ApiId, after);
        }),
      ),
    DeleteAuthorizer: ({ ApiId, AuthorizerId }) =>
      deployments.changing(ApiId, () => {
        authorizers.get(ApiId, AuthorizerId);
        const user = apis.records.list<Route>(ApiId, KINDS.route).find((route) => route.AuthorizerId === AuthorizerId);
        if (user) {
          fail(
            "ConflictException",
            `Cannot delete authorizer '${AuthorizerId}', is referenced in route: ${user.RouteKey}`,
          );
        }
        authorizers.delete(ApiId, AuthorizerId);
        return {};
      }),
    ResetAuthorizersCache: ({ ApiId, StageName }) => {
      new Parts(apis, KINDS.stage, "Stage").get(ApiId, StageName);
      control.resetAuthorizers(ApiId);
      return {};
    },
  };
}
