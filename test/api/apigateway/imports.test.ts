/** REST APIs made of OpenAPI and Swagger descriptions, with the AWS SDK, and called over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  GetAuthorizersCommand,
  GetMethodCommand,
  GetModelsCommand,
  GetResourcesCommand,
  GetRestApiCommand,
  GetRestApisCommand,
  ImportRestApiCommand,
  PutRestApiCommand,
  UpdateRestApiCommand,
} from "@aws-sdk/client-api-gateway";
import { call, type UrlRequest } from "../../e2e/function-url-client.ts";
import { TestRegion } from "../../test-region.ts";
import { deployEcho, permit } from "./echo-function.ts";

const AUTHORIZER = `
export const handler = async ({ type, authorizationToken, headers, methodArn }) => {
  const token = authorizationToken ?? headers?.["x-token"];
  const Effect = token === "yes" ? "Allow" : "Deny";
  const Statement = [{ Effect, Action: "execute-api:Invoke", Resource: methodArn }];
  return { principalId: type, policyDocument: { Version: "2012-10-17", Statement } };
};`;

const uriOf = (arn: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;

/** As chalice writes it. */
function swagger(arn: string, authorizer: string) {
  const proxy = { type: "aws_proxy", httpMethod: "POST", uri: uriOf(arn), passthroughBehavior: "when_no_match" };
  const responses = { default: { statusCode: "200" } };
  const cors = {
    "method.response.header.Access-Control-Allow-Origin": "'*'",
    "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
  };
  return {
    swagger: "2.0",
    info: { title: "shop", version: "1.0", description: "orders" },
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    definitions: { Empty: { type: "object", title: "Empty Schema" } },
    securityDefinitions: {
      token: {
        ...{ type: "apiKey", in: "header", name: "Authorization", "x-amazon-apigateway-authtype": "custom" },
        "x-amazon-apigateway-authorizer": {
          type: "token",
          authorizerUri: uriOf(authorizer),
          authorizerResultTtlInSeconds: 0,
        },
      },
      api_key: { type: "apiKey", in: "header", name: "x-api-key" },
    },
    "x-amazon-apigateway-gateway-responses": {
      MISSING_AUTHENTICATION_TOKEN: { statusCode: 404, responseTemplates: { "application/json": '{"lost":true}' } },
    },
    paths: {
      "/orders/{order}": {
        get: {
          produces: ["application/json"],
          parameters: [{ name: "order", in: "path", required: true, type: "string" }],
          responses: { 200: { description: "ok", schema: { $ref: "#/definitions/Empty" } } },
          "x-amazon-apigateway-integration": { ...proxy, responses },
        },
        options: {
          responses: {
            200: {
              description: "ok",
              headers: {
                "Access-Control-Allow-Origin": { type: "string" },
                "Access-Control-Allow-Methods": { type: "string" },
              },
            },
          },
          "x-amazon-apigateway-integration": {
            type: "mock",
            requestTemplates: { "application/json": '{"statusCode": 200}' },
            responses: { default: { statusCode: "200", responseParameters: cors } },
          },
        },
      },
      "/secret": { get: { security: [{ token: [] }], "x-amazon-apigateway-integration": proxy } },
      "/counted": { get: { security: [{ api_key: [] }], "x-amazon-apigateway-integration": proxy } },
    },
  };
}

const YAML = (arn: string, authorizer: string) => `
openapi: 3.0.1
info: { title: pets, version: 2 }
servers: [{ url: "https://example.com/v1" }]
paths:
  /pets/{proxy+}:
    parameters:
      - $ref: "#/components/parameters/tag"
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-request-validator: parameters
      security: [{ caller: [] }]
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        uri: ${uriOf(arn)}
components:
  parameters:
    tag: { name: tag, in: query, required: true, schema: { type: string } }
  schemas:
    Pet: { type: object }
  securitySchemes:
    caller:
      type: apiKey
      name: Unused
      in: header
      x-amazon-apigateway-authtype: custom
      x-amazon-apigateway-authorizer:
        type: request
        identitySource: method.request.header.x-token
        authorizerUri: ${uriOf(authorizer)}
x-amazon-apigateway-request-validators:
  parameters: { validateRequestParameters: true, validateRequestBody: false }
`;

describe("a description of a REST API", () => {
  let region: TestRegion;
  let client: APIGatewayClient;
  let arn: string;
  let authorizer: string;
  before(async () => {
    region = await TestRegion.start();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new APIGatewayClient({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    arn = await deployEcho(region);
    authorizer = await deployEcho(region, AUTHORIZER);
    await permit(region, arn, "*");
    await permit(region, authorizer, "*");
  });
  after(async () => {
    client?.destroy();
    await region?.stop();
  });

  const importApi = async (description: object | string, parameters?: Record<string, string>): Promise<string> => {
    const text = typeof description === "string" ? description : JSON.stringify(description);
    const { id = "" } = await client.send(
      new ImportRestApiCommand({ body: Buffer.from(text), ...(parameters && { parameters }) }),
    );
    return id;
  };
  const put = (restApiId: string, mode: "merge" | "overwrite", description: object) =>
    client.send(new PutRestApiCommand({ restApiId, mode, body: Buffer.from(JSON.stringify(description)) }));
  const deploy = (restApiId: string) => client.send(new CreateDeploymentCommand({ restApiId, stageName: "prod" }));
  const get = (id: string, path: string, request: UrlRequest = {}) =>
    call(region.url, { ...request, path: `/_apis/${id}/prod${path}` });
  const paths = async (restApiId: string) => {
    const { items = [] } = await client.send(new GetResourcesCommand({ restApiId, limit: 500 }));
    return items.map(({ path }) => path).sort();
  };

  it("in Swagger's words becomes an API that serves it: functions, CORS, authorizers, keys, own answers", async () => {
    const id = await importApi(swagger(arn, authorizer), { endpointConfigurationTypes: "REGIONAL" });
    const { name, version, description, binaryMediaTypes, endpointConfiguration } = await client.send(
      new GetRestApiCommand({ restApiId: id }),
    );
    assert.deepEqual([name, version, description, binaryMediaTypes], ["shop", "1.0", "orders", ["image/png"]]);
    assert.deepEqual(endpointConfiguration?.types, ["REGIONAL"]);
    assert.deepEqual(await paths(id), ["/", "/counted", "/orders", "/orders/{order}", "/secret"]);
    const { items: models = [] } = await client.send(new GetModelsCommand({ restApiId: id }));
    assert.deepEqual(
      models.map((model) => [model.name, JSON.parse(model.schema ?? "").title]),
      [["Empty", "Empty Schema"]],
    );
    await deploy(id);
    const order = JSON.parse((await get(id, "/orders/17?a=b")).body.toString());
    assert.deepEqual([order.resource, order.pathParameters], ["/orders/{order}", { order: "17" }]);
    const preflight = await get(id, "/orders/17", { method: "OPTIONS" });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-methods"]], [200, "GET,OPTIONS"]);
    assert.equal((await get(id, "/secret", { headers: { authorization: "no" } })).status, 403);
    assert.equal((await get(id, "/secret", { headers: { authorization: "yes" } })).status, 200);
    assert.equal((await get(id, "/counted")).status, 403);
    const lost = await get(id, "/elsewhere");
    assert.deepEqual([lost.status, lost.body.toString()], [404, '{"lost":true}']);
  });

  it("in YAML and OpenAPI's words does, too: references, validators, authorizers of requests, the base path", async () => {
    const id = await importApi(YAML(arn, authorizer), { basepath: "prepend" });
    assert.deepEqual(await paths(id), ["/", "/v1", "/v1/pets", "/v1/pets/{proxy+}"]);
    const { version } = await client.send(new GetRestApiCommand({ restApiId: id }));
    assert.equal(version, "2");
    const { items = [] } = await client.send(new GetResourcesCommand({ restApiId: id }));
    const resourceId = items.find(({ path }) => path === "/v1/pets/{proxy+}")?.id;
    const method = await client.send(new GetMethodCommand({ restApiId: id, resourceId, httpMethod: "ANY" }));
    assert.deepEqual(method.requestParameters, { "method.request.querystring.tag": true });
    await deploy(id);
    const asked = { method: "PUT", headers: { "x-token": "yes" } };
    assert.equal((await get(id, "/v1/pets/cat?tag=a", asked)).status, 200);
    assert.equal((await get(id, "/v1/pets/cat", asked)).status, 400);
    assert.equal((await get(id, "/v1/pets/cat?tag=a")).status, 401);
  });

  it("is merged into an API, or takes the place of what it was; what is deployed stays", async () => {
    const id = await importApi(swagger(arn, authorizer));
    await deploy(id);
    const integration = { type: "aws_proxy", httpMethod: "POST", uri: uriOf(arn) };
    const info = { title: "other", version: "2" };
    const more = {
      swagger: "2.0",
      info,
      paths: { "/more": { get: { "x-amazon-apigateway-integration": integration } } },
    };
    await put(id, "merge", more);
    assert.deepEqual(await paths(id), ["/", "/counted", "/more", "/orders", "/orders/{order}", "/secret"]);
    // A second time nothing is doubled.
    await put(id, "merge", swagger(arn, authorizer));
    const { items: authorizers = [] } = await client.send(new GetAuthorizersCommand({ restApiId: id }));
    assert.deepEqual(
      authorizers.map(({ name, type, identitySource }) => [name, type, identitySource]),
      [["token", "TOKEN", "method.request.header.Authorization"]],
    );
    await put(id, "overwrite", more);
    assert.deepEqual(await paths(id), ["/", "/more"]);
    assert.deepEqual((await client.send(new GetAuthorizersCommand({ restApiId: id }))).items, []);
    assert.equal((await get(id, "/orders/17")).status, 200);
    await deploy(id);
    assert.equal((await get(id, "/more")).status, 200);
    const lost = await get(id, "/orders/17");
    assert.deepEqual([lost.status, JSON.parse(lost.body.toString()).message], [403, "Missing Authentication Token"]);
  });

  it("that cannot be used changes nothing, and is told why", async () => {
    const count = async () => (await client.send(new GetRestApisCommand({ limit: 500 }))).items?.length;
    const before = await count();
    const refused = (description: object | string, message: RegExp) =>
      assert.rejects(importApi(description), (error: Error) => {
        assert.deepEqual([error.name, message.test(error.message)], ["BadRequestException", true], error.message);
        return true;
      });
    for (const text of ["{", "- a\n- b", '{"swagger":"1.2"}', "a: &a [*a, *b]"])
      await refused(text, /^Invalid OpenAPI input\.$/);
    const broken = swagger("arn:aws:lambda:us-east-1:111111111111:function:f", authorizer);
    await refused(
      broken,
      /^Errors found during import:\n\tUnable to put integration on 'GET' for resource at path '\/orders\/\{order\}': AWS ARN/,
    );
    await refused({ swagger: "2.0", info: {}, paths: {} }, /^API name cannot be blank$/);
    assert.equal(await count(), before);
    const id = await importApi(swagger(arn, authorizer));
    await assert.rejects(put(id, "overwrite", broken), /Unable to put integration/);
    assert.deepEqual(await paths(id), ["/", "/counted", "/orders", "/orders/{order}", "/secret"]);
  });

  it("an API that has compression is without it again when the value is empty, as tools send it", async () => {
    const id = await importApi(swagger(arn, authorizer));
    const patch = async (path: string, value: string) =>
      client.send(new UpdateRestApiCommand({ restApiId: id, patchOperations: [{ op: "replace", path, value }] }));
    assert.equal((await patch("/minimumCompressionSize", "1024")).minimumCompressionSize, 1024);
    assert.equal((await patch("/minimumCompressionSize", "")).minimumCompressionSize, undefined);
    const { endpointConfiguration } = await patch("/endpointConfiguration/types/EDGE", "REGIONAL");
    assert.deepEqual(endpointConfiguration?.types, ["REGIONAL"]);
  });
});
