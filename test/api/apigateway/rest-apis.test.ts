/** REST APIs, made with the AWS SDK and called over HTTP. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateAuthorizerCommand,
  CreateDeploymentCommand,
  CreateRequestValidatorCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  type CreateRestApiCommandInput,
  CreateUsagePlanCommand,
  CreateUsagePlanKeyCommand,
  FlushStageAuthorizersCacheCommand,
  PutGatewayResponseCommand,
  PutIntegrationCommand,
  type PutIntegrationCommandInput,
  PutIntegrationResponseCommand,
  PutMethodCommand,
  PutMethodResponseCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-api-gateway";
import { call, type UrlRequest, type UrlResponse } from "../../e2e/function-url-client.ts";
import { TestRegion } from "../../test-region.ts";
import { deployEcho, permit } from "./echo-function.ts";

const uriOf = (arn: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;

describe("a REST API", () => {
  let region: TestRegion;
  let client: APIGatewayClient;
  let arn: string;
  before(async () => {
    region = await TestRegion.start();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new APIGatewayClient({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    arn = await deployEcho(region);
    await permit(region, arn, "*");
  });
  after(async () => {
    client?.destroy();
    await region?.stop();
  });

  class Api {
    readonly id: string;
    readonly root: string;

    constructor(id: string, root: string) {
      this.id = id;
      this.root = root;
    }

    static async make(more: Partial<CreateRestApiCommandInput> = {}): Promise<Api> {
      const { id, rootResourceId } = await client.send(new CreateRestApiCommand({ name: "a", ...more }));
      return new Api(String(id), String(rootResourceId));
    }

    get url(): string {
      return `http://${this.id}.execute-api.us-east-1.localhost:${new URL(region.url).port}`;
    }

    async resource(parentId: string, pathPart: string): Promise<string> {
      const input = { restApiId: this.id, parentId, pathPart };
      return String((await client.send(new CreateResourceCommand(input))).id);
    }

    async method(
      resourceId: string,
      httpMethod: string,
      integration: Partial<PutIntegrationCommandInput> = {},
      more = {},
    ): Promise<void> {
      const at = { restApiId: this.id, resourceId, httpMethod };
      await client.send(new PutMethodCommand({ ...at, authorizationType: "NONE", ...more }));
      const type = "AWS_PROXY" as const;
      const input = { ...at, type, integrationHttpMethod: "POST", uri: uriOf(arn), ...integration };
      await client.send(new PutIntegrationCommand(input));
    }

    async deploy(stageName = "prod", variables?: Record<string, string>): Promise<void> {
      await client.send(new CreateDeploymentCommand({ restApiId: this.id, stageName, variables }));
    }

    ask(path: string, request: UrlRequest = {}): Promise<UrlResponse> {
      return call(this.url, { ...request, path });
    }
  }

  const told = ({ status, body }: UrlResponse) => [status, body.toString()];
  const event = ({ status, body }: UrlResponse) => {
    assert.equal(status, 200, body.toString());
    return JSON.parse(body.toString());
  };

  it("tells its function of a request in its own format", async () => {
    const api = await Api.make();
    const things = await api.resource(api.root, "things");
    const thing = await api.resource(things, "{id}");
    await api.method(thing, "POST", {}, { operationName: "PostThing" });
    await api.deploy("prod", { color: "red" });
    const seen = event(
      await api.ask("/prod/things/a%20b?q=1&q=2", { method: "POST", headers: { "X-One": "1" }, body: "text" }),
    );
    const { headers, multiValueHeaders, requestContext, ...rest } = seen;
    assert.deepEqual(rest, {
      resource: "/things/{id}",
      path: "/things/a%20b",
      httpMethod: "POST",
      queryStringParameters: { q: "2" },
      multiValueQueryStringParameters: { q: ["1", "2"] },
      pathParameters: { id: "a%20b" },
      stageVariables: { color: "red" },
      body: "text",
      isBase64Encoded: false,
    });
    assert.deepEqual([headers["X-One"], multiValueHeaders["X-One"]], ["1", ["1"]]);
    const { requestId, extendedRequestId, requestTime, requestTimeEpoch, deploymentId, identity, ...context } =
      requestContext;
    assert.match(requestId, /^[0-9a-f-]{36}$/);
    assert.match(extendedRequestId, /=$/);
    assert.match(requestTime, /\+0000$/);
    assert.ok(requestTimeEpoch > 0 && deploymentId);
    assert.deepEqual([identity.sourceIp, identity.userArn], ["127.0.0.1", null]);
    assert.deepEqual(context, {
      accountId: "000000000000",
      apiId: api.id,
      domainName: `${api.id}.execute-api.us-east-1.localhost`,
      domainPrefix: api.id,
      httpMethod: "POST",
      operationName: "PostThing",
      path: "/prod/things/a%20b",
      protocol: "HTTP/1.1",
      resourceId: thing,
      resourcePath: "/things/{id}",
      stage: "prod",
    });
    const user = await call(region.url, {
      method: "POST",
      path: `/restapis/${api.id}/prod/_user_request_/things/1`,
    });
    assert.equal(event(user).path, "/things/1");
  });

  it("serves what was deployed, in stages, over a crash", async () => {
    const api = await Api.make();
    const proxy = await api.resource(api.root, "{proxy+}");
    await api.method(api.root, "GET");
    await api.method(proxy, "ANY");
    await api.deploy("v1");
    await api.method(api.root, "DELETE");
    assert.equal(event(await api.ask("/v1")).path, "/");
    assert.deepEqual(event(await api.ask("/v1/a/b", { method: "PUT" })).pathParameters, { proxy: "a/b" });
    const none = await api.ask("/v1", { method: "DELETE" });
    assert.deepEqual(told(none), [403, '{"message":"Missing Authentication Token"}']);
    assert.equal(none.headers["x-amzn-errortype"], "MissingAuthenticationTokenException");
    assert.deepEqual(told(await api.ask("/v2/a")), [403, '{"message":"Forbidden"}']);
    await region.kill();
    await region.startAgain();
    client.destroy();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new APIGatewayClient({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    assert.equal((await api.ask("/v1", { method: "DELETE" })).status, 403);
    await api.deploy("v1");
    assert.equal((await api.ask("/v1", { method: "DELETE" })).status, 200);
  });

  it("takes only the proxy's form of answer, and tells its own troubles in AWS's words", async () => {
    const api = await Api.make();
    await api.method(api.root, "GET");
    await api.method(api.root, "PUT", { timeoutInMillis: 50 });
    await api.deploy();
    const ask = (what: string) => api.ask("/prod", { headers: { "x-do": what } });
    for (const what of ["infer", "text", "object", "malformed", "throw"]) {
      const answer = await ask(what);
      assert.deepEqual(told(answer), [502, '{"message":"Internal server error"}'], what);
      assert.equal(answer.headers["x-amzn-errortype"], "InternalServerErrorException");
    }
    const lists = await ask("lists");
    assert.deepEqual([lists.headers["x-two"], lists.headers["content-type"]], ["a, b", "application/json"]);
    const slow = await api.ask("/prod", { method: "PUT", headers: { "x-do": "slow" } });
    assert.deepEqual(told(slow), [504, '{"message":"Endpoint request timed out"}']);
    const lonely = await Api.make();
    await lonely.method(lonely.root, "GET", { uri: uriOf(await deployEcho(region)) });
    await lonely.deploy();
    assert.deepEqual(told(await lonely.ask("/prod")), [500, '{"message":"Internal server error"}']);
  });

  it("passes bytes on for the types that are binary", async () => {
    const api = await Api.make({ binaryMediaTypes: ["image/png"] });
    await api.method(api.root, "ANY");
    await api.deploy();
    const sent = event(
      await api.ask("/prod", {
        method: "POST",
        headers: { "content-type": "image/png" },
        body: Buffer.from([0xff, 0]),
      }),
    );
    assert.deepEqual([sent.body, sent.isBase64Encoded], ["/wA=", true]);
    const got = await api.ask("/prod", { headers: { "x-do": "binary", accept: "image/png" } });
    assert.deepEqual(got.body, Buffer.from("iVBORw==", "base64"));
    const plain = await Api.make();
    await plain.method(plain.root, "GET");
    await plain.deploy();
    assert.equal((await plain.ask("/prod", { headers: { "x-do": "binary" } })).body.toString(), "iVBORw==");
  });

  it("answers a mock as it is told to, such as a browser's preflight", async () => {
    const api = await Api.make();
    await api.method(api.root, "OPTIONS", {
      type: "MOCK",
      uri: undefined,
      integrationHttpMethod: undefined,
      requestTemplates: { "application/json": "{ statusCode: 204 }" },
    });
    const at = { restApiId: api.id, resourceId: api.root, httpMethod: "OPTIONS", statusCode: "204" };
    const name = "method.response.header.Access-Control-Allow-Origin";
    await client.send(new PutMethodResponseCommand({ ...at, responseParameters: { [name]: true } }));
    await client.send(new PutIntegrationResponseCommand({ ...at, responseParameters: { [name]: "'*'" } }));
    await api.deploy();
    const preflight = await api.ask("/prod", { method: "OPTIONS" });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [204, "*"]);
    const templates = { "application/json": "#set($x = 1){statusCode: 200}" };
    await assert.rejects(
      client.send(
        new PutIntegrationCommand({
          restApiId: api.id,
          resourceId: api.root,
          httpMethod: "OPTIONS",
          type: "MOCK",
          requestTemplates: templates,
        }),
      ),
      { name: "BadRequestException" },
    );
  });

  it("asks a token authorizer, remembers it, and holds methods to its policy", async () => {
    const gate = await deployEcho(
      region,
      `let asked = 0;
      export const handler = async (event) => {
        if (event.authorizationToken === "bad") throw new Error("Unauthorized");
        if (event.authorizationToken === "odd") return {};
        const Effect = event.authorizationToken === "no" ? "Deny" : "Allow";
        return { principalId: "me", context: { asked: ++asked, flag: true }, policyDocument: { Version: "2012-10-17",
          Statement: [{ Effect, Action: "execute-api:Invoke", Resource: event.methodArn.replace(/\\/GET.*/, "/GET/*") }] } };
      };`,
    );
    await permit(region, gate, "*");
    const api = await Api.make();
    const { id: authorizerId } = await client.send(
      new CreateAuthorizerCommand({
        restApiId: api.id,
        name: "gate",
        type: "TOKEN",
        authorizerUri: uriOf(gate),
        identitySource: "method.request.header.Authorization",
        identityValidationExpression: "[a-z]+",
      }),
    );
    const more = { authorizationType: "CUSTOM", authorizerId };
    await api.method(api.root, "GET", {}, more);
    await api.method(api.root, "PUT", {}, more);
    await api.deploy();
    const as = (authorization: string, method = "GET") => api.ask("/prod", { method, headers: { authorization } });
    const first = event(await as("yes"));
    const { integrationLatency, ...authorizer } = first.requestContext.authorizer;
    assert.deepEqual(
      [authorizer, typeof integrationLatency],
      [{ principalId: "me", asked: "1", flag: "true" }, "number"],
    );
    assert.equal(event(await as("yes")).requestContext.authorizer.asked, "1");
    const denied = "User is not authorized to access this resource";
    assert.deepEqual(told(await as("yes", "PUT")), [403, JSON.stringify({ Message: denied })]);
    assert.deepEqual(told(await as("no")), [403, JSON.stringify({ Message: `${denied} with an explicit deny` })]);
    for (const token of ["bad", "NOT LETTERS"]) {
      assert.deepEqual(told(await as(token)), [401, '{"message":"Unauthorized"}']);
    }
    assert.deepEqual(told(await as("odd")), [500, '{"message":null}']);
    assert.deepEqual(told(await api.ask("/prod")), [401, '{"message":"Unauthorized"}']);
    await client.send(new FlushStageAuthorizersCacheCommand({ restApiId: api.id, stageName: "prod" }));
    assert.equal(event(await as("yes")).requestContext.authorizer.asked, "3");
  });

  it("asks a request authorizer with the whole request", async () => {
    const gate = await deployEcho(
      region,
      `export const handler = async (event) => ({
        principalId: event.queryStringParameters.who, context: { type: event.type, path: event.path },
        policyDocument: { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } });`,
    );
    await permit(region, gate, "*");
    const api = await Api.make();
    const { id: authorizerId } = await client.send(
      new CreateAuthorizerCommand({
        restApiId: api.id,
        name: "gate",
        type: "REQUEST",
        authorizerUri: uriOf(gate),
        identitySource: "method.request.querystring.who",
      }),
    );
    await api.method(api.root, "GET", {}, { authorizationType: "CUSTOM", authorizerId });
    await api.deploy();
    const seen = event(await api.ask("/prod?who=you"));
    const { integrationLatency: _, ...authorizer } = seen.requestContext.authorizer;
    assert.deepEqual(authorizer, { principalId: "you", type: "REQUEST", path: "/" });
    assert.equal((await api.ask("/prod")).status, 401);
  });

  it("asks for an API key of a usage plan of the stage, and no more often than the plan lets", async () => {
    const api = await Api.make();
    await api.method(api.root, "GET", {}, { apiKeyRequired: true });
    await api.deploy();
    const { id: keyId = "", value = "" } = await client.send(new CreateApiKeyCommand({ name: "k", enabled: true }));
    const ask = (key?: string) => api.ask("/prod", { headers: key === undefined ? {} : { "x-api-key": key } });
    assert.deepEqual(told(await ask()), [403, '{"message":"Forbidden"}']);
    assert.deepEqual(told(await ask(value)), [403, '{"message":"Forbidden"}']);
    const { id: usagePlanId } = await client.send(
      new CreateUsagePlanCommand({
        name: "p",
        apiStages: [{ apiId: api.id, stage: "prod" }],
        throttle: { rateLimit: 0.001, burstLimit: 1 },
      }),
    );
    await client.send(new CreateUsagePlanKeyCommand({ usagePlanId, keyId, keyType: "API_KEY" }));
    const { identity } = event(await ask(value)).requestContext;
    assert.deepEqual([identity.apiKey, identity.apiKeyId], [value, keyId]);
    assert.deepEqual(told(await ask(value)), [429, '{"message":"Too Many Requests"}']);
  });

  it("misses parameters that are required", async () => {
    const api = await Api.make();
    const validator = { restApiId: api.id, name: "v", validateRequestParameters: true };
    const { id: requestValidatorId } = await client.send(new CreateRequestValidatorCommand(validator));
    const requestParameters = { "method.request.querystring.page": true };
    await api.method(api.root, "GET", {}, { requestValidatorId, requestParameters });
    await api.deploy();
    assert.deepEqual(told(await api.ask("/prod")), [400, '{"message":"Missing required request parameters: [page]"}']);
    assert.equal((await api.ask("/prod?page=1")).status, 200);
  });

  it("answers with the owner's gateway responses", async () => {
    const api = await Api.make();
    await api.method(api.root, "GET");
    await client.send(
      new PutGatewayResponseCommand({
        restApiId: api.id,
        responseType: "DEFAULT_4XX",
        responseParameters: { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" },
        responseTemplates: { "application/json": '{"why":$context.error.messageString}' },
      }),
    );
    await api.deploy();
    const none = await api.ask("/prod/none");
    assert.deepEqual(told(none), [403, '{"why":"Missing Authentication Token"}']);
    assert.equal(none.headers["access-control-allow-origin"], "*");
  });

  it("keeps to its resource policy", async () => {
    const statement = { Effect: "Allow", Principal: "*", Action: "execute-api:Invoke" };
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { ...statement, Resource: "execute-api:/*" },
        { ...statement, Effect: "Deny", Resource: "execute-api:/prod/PUT/*" },
      ],
    });
    const api = await Api.make({ policy });
    await api.method(api.root, "ANY");
    await api.deploy();
    assert.equal((await api.ask("/prod")).status, 200);
    const denied = await api.ask("/prod", { method: "PUT" });
    const message = `User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:${api.id}/prod/PUT/ with an explicit deny`;
    assert.deepEqual(told(denied), [403, JSON.stringify({ Message: message })]);
  });

  it("passes requests on to another server", async () => {
    const server = createServer((request, response) => {
      response.writeHead(200, { "x-seen": `${request.method} ${request.url}` });
      request.pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const api = await Api.make();
      const proxy = await api.resource(api.root, "{proxy+}");
      const uri = `http://127.0.0.1:${port}/{proxy}`;
      const requestParameters = { "integration.request.path.proxy": "method.request.path.proxy" };
      const integration = { type: "HTTP_PROXY", integrationHttpMethod: "ANY", uri, requestParameters } as const;
      await api.method(proxy, "ANY", integration, { requestParameters: { "method.request.path.proxy": true } });
      await api.deploy();
      const answer = await api.ask("/prod/a%20b/c?d=1", { method: "PUT", body: "hi" });
      assert.deepEqual(
        [answer.status, answer.headers["x-seen"], answer.body.toString()],
        [200, "PUT /a%20b/c?d=1", "hi"],
      );
    } finally {
      server.close();
    }
  });

  it("streams what its function streams", async () => {
    const streaming = await deployEcho(
      region,
      `export const handler = awslambda.streamifyResponse(async (event, stream) => {
        const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "content-type": "text/event-stream" } });
        out.write("one "); out.end("two");
      });`,
    );
    await permit(region, streaming, "*");
    const api = await Api.make();
    const uri = uriOf(streaming)
      .replace("2015-03-31", "2021-11-15")
      .replace(/invocations$/, "response-streaming-invocations");
    await api.method(api.root, "GET", { uri, responseTransferMode: "STREAM" });
    await api.method(api.root, "PUT", { responseTransferMode: "STREAM" });
    await api.deploy();
    const answer = await api.ask("/prod");
    assert.deepEqual(
      [told(answer), answer.headers["content-type"], answer.headers["transfer-encoding"]],
      [[201, "one two"], "text/event-stream", "chunked"],
    );
    assert.equal(event(await api.ask("/prod", { method: "PUT" })).httpMethod, "PUT");
  });

  it("answers 429 when a method is called more often than its stage lets it be, until that is changed", async () => {
    const api = await Api.make();
    await api.method(api.root, "GET");
    await api.method(api.root, "PUT");
    await api.deploy();
    const limit = (path: string, burst: number) =>
      client.send(
        new UpdateStageCommand({
          restApiId: api.id,
          stageName: "prod",
          patchOperations: [
            { op: "replace", path: `${path}/throttling/burstLimit`, value: String(burst) },
            { op: "replace", path: `${path}/throttling/rateLimit`, value: "0.001" },
          ],
        }),
      );
    await limit("/*/*", 1);
    await limit("/~1/GET", 2);
    const statuses = async (method: string) => {
      const answers: number[] = [];
      for (let i = 0; i < 3; i++) answers.push((await api.ask("/prod", { method })).status);
      return answers;
    };
    assert.deepEqual(await statuses("GET"), [200, 200, 429]);
    assert.deepEqual(await statuses("PUT"), [200, 429, 429]);
    assert.deepEqual(told(await api.ask("/prod")), [429, '{"message":"Too Many Requests"}']);
    await limit("/~1/GET", 10);
    assert.deepEqual(await statuses("GET"), [200, 200, 200]);
  });

  it("changes stages by patches", async () => {
    const api = await Api.make();
    await api.method(api.root, "GET");
    await api.deploy();
    const stage = await client.send(
      new UpdateStageCommand({
        restApiId: api.id,
        stageName: "prod",
        patchOperations: [
          { op: "replace", path: "/variables/color", value: "blue" },
          { op: "replace", path: "/~1/GET/throttling/rateLimit", value: "5.5" },
          { op: "replace", path: "/*/*/metrics/enabled", value: "true" },
        ],
      }),
    );
    assert.deepEqual(stage.variables, { color: "blue" });
    assert.deepEqual(stage.methodSettings, {
      "//GET": { throttlingRateLimit: 5.5 },
      "*/*": { metricsEnabled: true },
    });
    assert.deepEqual(event(await api.ask("/prod")).stageVariables, { color: "blue" });
  });
});
