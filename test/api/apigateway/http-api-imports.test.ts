/** HTTP APIs that are made of OpenAPI documents, as SAM and Terraform hand them over. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  ApiGatewayV2Client,
  CreateStageCommand,
  GetApiCommand,
  GetAuthorizersCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  ImportApiCommand,
  ReimportApiCommand,
} from "@aws-sdk/client-apigatewayv2";
import { call } from "../../e2e/function-url-client.ts";
import { TestRegion } from "../../test-region.ts";
import { deployEcho, permit } from "./echo-function.ts";

describe("an OpenAPI document", () => {
  let region: TestRegion;
  let client: ApiGatewayV2Client;
  let echo: string;
  let gate: string;
  before(async () => {
    region = await TestRegion.start();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new ApiGatewayV2Client({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    echo = await deployEcho(region);
    gate = await deployEcho(
      region,
      `export const handler = async ({ identitySource: [who] }) => ({ isAuthorized: who === "me", context: { who } });`,
    );
    await permit(region, echo, "*");
    await permit(region, gate, "*");
  });
  after(async () => {
    client?.destroy();
    await region?.stop();
  });

  const uriOf = (arn: string): string =>
    `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;

  const document = () => `
openapi: "3.0.1"
info:
  title: pets
  version: 7
paths:
  /pets/{id}:
    get:
      operationId: readPet
      x-amazon-apigateway-integration:
        $ref: "#/components/x-amazon-apigateway-integrations/echo"
    put:
      security: [{ gate: [] }]
      x-amazon-apigateway-integration:
        $ref: "#/components/x-amazon-apigateway-integrations/echo"
  /signed:
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-auth: { type: AWS_IAM }
      x-amazon-apigateway-integration:
        $ref: "#/components/x-amazon-apigateway-integrations/echo"
  /mine:
    get:
      security: [{ tokens: [read, write] }]
      x-amazon-apigateway-integration: { type: http_proxy, httpMethod: GET, uri: "http://192.0.2.1/", payloadFormatVersion: "1.0" }
  /$default:
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-integration:
        { type: aws_proxy, httpMethod: POST, uri: "${uriOf(echo)}", payloadFormatVersion: 1.0 }
x-amazon-apigateway-cors:
  allowOrigins: ["https://pets.example"]
  maxAge: 60
components:
  securitySchemes:
    gate:
      type: apiKey
      in: header
      name: X-Who
      x-amazon-apigateway-authorizer:
        type: request
        identitySource: "$request.header.X-Who"
        authorizerUri: ${uriOf(gate)}
        authorizerPayloadFormatVersion: "2.0"
        enableSimpleResponses: true
        authorizerResultTtlInSeconds: 60
    tokens:
      type: oauth2
      x-amazon-apigateway-authorizer:
        type: jwt
        identitySource: "$request.header.Authorization"
        jwtConfiguration: { issuer: "https://issuer.example/", audience: [app] }
  x-amazon-apigateway-integrations:
    echo:
      type: aws_proxy
      httpMethod: POST
      uri: ${uriOf(echo)}
      payloadFormatVersion: "2.0"
`;

  const ask = (ApiId: string, path: string, more: object = {}) =>
    call(region.url, { path: `/_apis/${ApiId}${path}`, ...more });

  it("becomes an API with its routes, integrations, authorizers and CORS, which is served", async () => {
    const {
      ApiId = "",
      Name,
      Version,
      CorsConfiguration,
    } = await client.send(new ImportApiCommand({ Body: document() }));
    assert.deepEqual(
      [Name, Version, CorsConfiguration],
      ["pets", "7", { AllowOrigins: ["https://pets.example"], MaxAge: 60 }],
    );
    const { Items: routes = [] } = await client.send(new GetRoutesCommand({ ApiId }));
    assert.deepEqual(
      routes.map(({ RouteKey, AuthorizationType, AuthorizationScopes, OperationName }) =>
        [RouteKey, AuthorizationType, AuthorizationScopes, OperationName].filter((one) => one !== undefined),
      ),
      [
        ["GET /pets/{id}", "NONE", "readPet"],
        ["PUT /pets/{id}", "CUSTOM"],
        ["ANY /signed", "AWS_IAM"],
        ["GET /mine", "JWT", ["read", "write"]],
        ["$default", "NONE"],
      ],
    );
    // What three operations refer to is one.
    assert.equal((await client.send(new GetIntegrationsCommand({ ApiId }))).Items?.length, 3);
    assert.equal((await client.send(new GetAuthorizersCommand({ ApiId }))).Items?.length, 2);
    await client.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
    const read = JSON.parse((await ask(ApiId, "/pets/7")).body.toString());
    assert.deepEqual([read.version, read.routeKey, read.pathParameters], ["2.0", "GET /pets/{id}", { id: "7" }]);
    const other = JSON.parse((await ask(ApiId, "/anything")).body.toString());
    assert.deepEqual([other.version, other.resource], ["1.0", "$default"]);
    assert.equal((await ask(ApiId, "/pets/7", { method: "PUT", headers: { "x-who": "you" } })).status, 403);
    const put = await ask(ApiId, "/pets/7", { method: "PUT", headers: { "x-who": "me" } });
    assert.deepEqual(JSON.parse(put.body.toString()).requestContext.authorizer, { lambda: { who: "me" } });
    assert.equal((await ask(ApiId, "/signed")).status, 403);
    assert.equal((await ask(ApiId, "/mine")).status, 401);
  });

  it("replaces what another one has made, and stages that deploy by themselves serve it at once", async () => {
    const { ApiId = "" } = await client.send(new ImportApiCommand({ Body: document() }));
    await client.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
    const integration = { type: "AWS_PROXY", httpMethod: "POST", uri: uriOf(echo), payloadFormatVersion: "2.0" };
    const Body = JSON.stringify({
      openapi: "3.0.3",
      info: { title: "renamed", version: "8" },
      servers: [{ url: "https://example.org/base/" }],
      paths: { "/new": { get: { "x-amazon-apigateway-integration": integration } } },
    });
    await client.send(new ReimportApiCommand({ ApiId, Body, Basepath: "prepend" }));
    assert.equal((await client.send(new GetApiCommand({ ApiId }))).Name, "renamed");
    const { Items: routes = [] } = await client.send(new GetRoutesCommand({ ApiId }));
    assert.deepEqual(
      routes.map(({ RouteKey }) => RouteKey),
      ["GET /base/new"],
    );
    assert.equal((await client.send(new GetAuthorizersCommand({ ApiId }))).Items?.length, 0);
    assert.equal((await ask(ApiId, "/base/new")).status, 200);
    assert.equal((await ask(ApiId, "/pets/7")).status, 404);
  });

  it("that is none, or asks for what is not there, changes nothing", async () => {
    const { ApiId = "" } = await client.send(new ImportApiCommand({ Body: document() }));
    const paths = { "/x": { get: { security: [{ missing: [] }] } } };
    for (const Body of [
      "{",
      "just text",
      JSON.stringify({ swagger: "2.0", info: { title: "a" } }),
      JSON.stringify({ openapi: "3.0.1", info: { title: "a" }, paths }),
      JSON.stringify({ openapi: "3.0.1", info: {}, paths: {} }),
    ]) {
      await assert.rejects(client.send(new ReimportApiCommand({ ApiId, Body })), { name: "BadRequestException" }, Body);
    }
    assert.equal((await client.send(new GetRoutesCommand({ ApiId }))).Items?.length, 5);
  });
});
