/** HTTP APIs, made with the AWS SDK and called over HTTP. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  type CreateApiCommandInput,
  CreateAuthorizerCommand,
  CreateDeploymentCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
  DeleteApiCommand,
  DeleteRouteCommand,
  UpdateApiCommand,
  UpdateRouteCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { call, type UrlRequest, type UrlResponse } from "../../e2e/function-url-client.ts";
import { TestRegion } from "../../test-region.ts";
import { deployEcho, permit } from "./echo-function.ts";

interface Made {
  readonly id: string;
  readonly url: string;
  readonly integration: string;
}

describe("an HTTP API", () => {
  let region: TestRegion;
  let client: ApiGatewayV2Client;
  let arn: string;
  before(async () => {
    region = await TestRegion.start();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new ApiGatewayV2Client({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    arn = await deployEcho(region);
    await permit(region, arn, "*");
  });
  after(async () => {
    client?.destroy();
    await region?.stop();
  });

  /** An API with an integration, and a default stage that deploys by itself. */
  async function make(
    PayloadFormatVersion = "2.0",
    more: Partial<CreateApiCommandInput> = {},
    IntegrationUri = arn,
  ): Promise<Made> {
    const { ApiId, ApiEndpoint } = await client.send(
      new CreateApiCommand({ Name: "a", ProtocolType: "HTTP", ...more }),
    );
    const integration = { ApiId, IntegrationType: "AWS_PROXY", IntegrationUri, PayloadFormatVersion } as const;
    const { IntegrationId } = await client.send(new CreateIntegrationCommand(integration));
    await client.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
    return { id: String(ApiId), url: String(ApiEndpoint), integration: String(IntegrationId) };
  }

  const route = ({ id, integration }: Made, RouteKey: string, more = {}) =>
    client.send(new CreateRouteCommand({ ApiId: id, RouteKey, Target: `integrations/${integration}`, ...more }));

  const json = async (url: string, request: UrlRequest = {}) => {
    const { status, body } = await call(url, request);
    assert.equal(status, 200, body.toString());
    return JSON.parse(body.toString());
  };
  const told = ({ status, body }: UrlResponse) => [status, body.toString()];

  it("made in one go answers at its endpoint, by host and by path", async () => {
    const input = { Name: "quick", ProtocolType: "HTTP", Target: arn } as const;
    const { ApiId, ApiEndpoint } = await client.send(new CreateApiCommand(input));
    assert.match(String(ApiEndpoint), new RegExp(`^http://${ApiId}\\.execute-api\\.us-east-1\\.localhost:\\d+$`));
    const byHost = await json(String(ApiEndpoint), { path: "/a/b?x=1" });
    assert.equal(byHost.routeKey, "$default");
    assert.equal(byHost.requestContext.domainName, `${ApiId}.execute-api.us-east-1.localhost`);
    const byPath = await json(region.url, { path: `/_apis/${ApiId}/a/b?x=1` });
    assert.equal(byPath.rawPath, "/a/b");
    const asAws = await json(region.url, { headers: { host: `${ApiId}.execute-api.us-east-1.amazonaws.com` } });
    assert.equal(asAws.requestContext.domainPrefix, ApiId);
  });

  it("tells its function of a request in format 2.0", async () => {
    const api = await make();
    await route(api, "POST /pets/{id}/{rest+}");
    const event = await json(api.url, {
      method: "POST",
      path: "/pets/a%20b/c/d?q=1&q=2&e=%C3%BC",
      headers: { "X-One": "1", cookie: "a=1; b=2", "content-type": "application/json", "user-agent": "me" },
      body: '{"x":1}',
    });
    const { requestId, time, timeEpoch, http, ...context } = event.requestContext;
    assert.match(requestId, /^[A-Za-z0-9+/]{15}=$/);
    assert.match(time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    assert.ok(Math.abs(timeEpoch - Date.now()) < 60_000);
    assert.deepEqual(http, {
      method: "POST",
      path: "/pets/a b/c/d",
      protocol: "HTTP/1.1",
      sourceIp: "127.0.0.1",
      userAgent: "me",
    });
    assert.deepEqual(context, {
      accountId: "000000000000",
      apiId: api.id,
      domainName: `${api.id}.execute-api.us-east-1.localhost`,
      domainPrefix: api.id,
      routeKey: "POST /pets/{id}/{rest+}",
      stage: "$default",
    });
    const { headers, requestContext: _, ...rest } = event;
    assert.deepEqual(rest, {
      version: "2.0",
      routeKey: "POST /pets/{id}/{rest+}",
      rawPath: "/pets/a b/c/d",
      rawQueryString: "q=1&q=2&e=%C3%BC",
      cookies: ["a=1", "b=2"],
      queryStringParameters: { q: "1,2", e: "ü" },
      pathParameters: { id: "a b", rest: "c/d" },
      body: '{"x":1}',
      isBase64Encoded: false,
    });
    assert.deepEqual([headers["x-one"], headers.cookie, headers["x-forwarded-proto"]], ["1", undefined, "http"]);
  });

  it("tells its function of a request in format 1.0", async () => {
    const api = await make("1.0");
    await route(api, "ANY /things/{id}");
    const event = await json(api.url, { path: "/things/7?q=1&q=2", headers: { "X-One": "1" } });
    assert.deepEqual(
      [event.version, event.resource, event.path, event.httpMethod, event.pathParameters, event.stageVariables],
      ["1.0", "/things/{id}", "/things/7", "GET", { id: "7" }, null],
    );
    assert.deepEqual(event.queryStringParameters, { q: "2" });
    assert.deepEqual(event.multiValueQueryStringParameters, { q: ["1", "2"] });
    assert.deepEqual(event.multiValueHeaders["X-One"], ["1"]);
    assert.deepEqual(event.requestContext.authorizer, { claims: null, scopes: null });
    assert.deepEqual([event.requestContext.resourcePath, event.body], ["/things/{id}", null]);
  });

  it("makes a response of what its function returns", async () => {
    const api = await make();
    await route(api, "$default");
    const ask = (what: string) => call(api.url, { headers: { "x-do": what } });
    const inferred = await ask("infer");
    assert.deepEqual(
      [inferred.headers["content-type"], told(inferred)],
      ["application/json", [200, '{"hello":"world","n":1}']],
    );
    assert.deepEqual(told(await ask("text")), [200, "plain"]);
    const binary = await ask("binary");
    assert.deepEqual([binary.headers["content-type"], binary.body], ["image/png", Buffer.from("iVBORw==", "base64")]);
    const cookies = await ask("cookies");
    assert.deepEqual([cookies.status, cookies.headers["set-cookie"]], [201, ["a=1; Secure", "b=2"]]);
    assert.equal(cookies.headers["content-type"], "text/plain;charset=utf-8");
    assert.match(String(cookies.headers["apigw-requestid"]), /=$/);
    for (const what of ["throw", "malformed"]) {
      assert.deepEqual(told(await ask(what)), [500, '{"message":"Internal Server Error"}']);
    }
  });

  it("infers nothing in format 1.0", async () => {
    const api = await make("1.0");
    await route(api, "$default");
    const ask = (what: string) => call(api.url, { headers: { "x-do": what } });
    for (const what of ["infer", "text", "object", "throw"]) {
      assert.deepEqual(told(await ask(what)), [500, '{"message":"Internal Server Error"}'], what);
    }
    const lists = await ask("lists");
    assert.deepEqual([lists.headers["x-one"], lists.headers["x-two"]], ["1", "a, b"]);
  });

  it("answers in its own words where nothing is, and when the function may not be called or takes too long", async () => {
    const api = await make();
    await route(api, "GET /known");
    assert.deepEqual(told(await call(api.url, { path: "/unknown" })), [404, '{"message":"Not Found"}']);
    assert.deepEqual(told(await call(api.url, { method: "POST", path: "/known" })), [404, '{"message":"Not Found"}']);
    const unknown = api.url.replace(api.id, "abcdefghij");
    assert.deepEqual(told(await call(unknown)), [403, '{"message":"Forbidden"}']);
    const lonely = await make("2.0", {}, await deployEcho(region));
    await route(lonely, "$default");
    assert.deepEqual(told(await call(lonely.url)), [500, '{"message":"Internal Server Error"}']);
    await permit(region, arn, "nothing/*", "other");
    const { IntegrationId } = await client.send(
      new CreateIntegrationCommand({
        ApiId: api.id,
        IntegrationType: "AWS_PROXY",
        IntegrationUri: arn,
        PayloadFormatVersion: "2.0",
        TimeoutInMillis: 50,
      }),
    );
    await route({ ...api, integration: String(IntegrationId) }, "GET /slow");
    const slow = await call(api.url, { path: "/slow", headers: { "x-do": "slow" } });
    assert.deepEqual(told(slow), [503, '{"message":"Service Unavailable"}']);
  });

  it("may call a function only where its policy names the API's route", async () => {
    const own = await deployEcho(region);
    const api = await make("2.0", {}, own);
    await route(api, "GET /one/{id}");
    await route(api, "GET /two");
    await permit(region, own, `${api.id}/*/*/one/{id}`);
    assert.equal((await call(api.url, { path: "/one/1" })).status, 200);
    assert.equal((await call(api.url, { path: "/two" })).status, 500);
    await permit(region, own, `${api.id}/$default/GET/two`, "two");
    assert.equal((await call(api.url, { path: "/two" })).status, 200);
  });

  it("serves what is deployed, and no later change, in stages that do not deploy by themselves", async () => {
    const api = await make();
    const { RouteId } = await route(api, "GET /v1");
    const StageName = "prod";
    await client.send(new CreateStageCommand({ ApiId: api.id, StageName, StageVariables: { color: "red" } }));
    assert.equal((await call(api.url, { path: "/prod/v1" })).status, 404);
    await client.send(new CreateDeploymentCommand({ ApiId: api.id, StageName }));
    const event = await json(api.url, { path: "/prod/v1" });
    assert.deepEqual(
      [event.rawPath, event.requestContext.stage, event.stageVariables],
      ["/prod/v1", "prod", { color: "red" }],
    );
    await client.send(new UpdateRouteCommand({ ApiId: api.id, RouteId, RouteKey: "GET /v2" }));
    assert.equal((await call(api.url, { path: "/prod/v1" })).status, 200);
    assert.equal((await call(api.url, { path: "/prod/v2" })).status, 404);
    assert.equal((await call(api.url, { path: "/v2" })).status, 200);
    await region.kill();
    await region.startAgain();
    await client.destroy();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new ApiGatewayV2Client({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    const url = api.url.replace(/\d+$/, new URL(region.url).port);
    assert.equal((await call(url, { path: "/prod/v1" })).status, 200);
    await client.send(new DeleteRouteCommand({ ApiId: api.id, RouteId }));
    assert.equal((await call(url, { path: "/v2" })).status, 404);
    await client.send(new DeleteApiCommand({ ApiId: api.id }));
    assert.equal((await call(url, { path: "/prod/v1" })).status, 403);
  });

  it("finds functions by stage variables", async () => {
    const uri = arn.replace(/[^:]+$/, `\${stageVariables.fn}`);
    const api = await make("2.0", {}, uri);
    await route(api, "$default");
    const { ApiId = "", StageName } = await client
      .send(
        new CreateStageCommand({
          ApiId: api.id,
          StageName: "one",
          AutoDeploy: true,
          StageVariables: { fn: arn.split(":").at(-1) ?? "" },
        }),
      )
      .then((stage) => ({ ApiId: api.id, ...stage }));
    assert.equal((await call(api.url, { path: `/${StageName}/x` })).status, 200, ApiId);
    assert.equal((await call(api.url, { path: "/x" })).status, 500);
  });

  it("asks no function about preflights, and puts its CORS headers over the function's", async () => {
    const cors = {
      AllowOrigins: ["https://app.example"],
      AllowMethods: ["GET", "PUT"],
      AllowHeaders: ["x-a"],
      MaxAge: 60,
    };
    const api = await make("2.0", { CorsConfiguration: cors });
    await route(api, "GET /x");
    const origin = "https://app.example";
    const headers = { origin, "access-control-request-method": "PUT", "access-control-request-headers": "x-a" };
    const preflight = await call(api.url, { method: "OPTIONS", path: "/x", headers });
    assert.equal(preflight.status, 204);
    assert.deepEqual(
      ["origin", "methods", "headers"].map((name) => preflight.headers[`access-control-allow-${name}`]),
      [origin, "GET,PUT", "x-a"],
    );
    const answer = await call(api.url, { path: "/x", headers: { origin, "x-do": "cors" } });
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    const stranger = await call(api.url, { path: "/x", headers: { origin: "https://evil.example", "x-do": "cors" } });
    assert.equal(stranger.headers["access-control-allow-origin"], undefined);
    await client.send(new UpdateApiCommand({ ApiId: api.id, CorsConfiguration: { AllowOrigins: ["*"] } }));
    const any = await call(api.url, { path: "/none", headers: { origin: "https://other.example" } });
    assert.deepEqual([any.status, any.headers["access-control-allow-origin"]], [404, "*"]);
  });

  it("answers 429 when a route is called more often than its stage lets it be", async () => {
    const api = await make();
    await route(api, "GET /few");
    await route(api, "GET /many");
    const few = { ThrottlingBurstLimit: 2, ThrottlingRateLimit: 0.001 };
    const many = { ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 1000 };
    const settings = { DefaultRouteSettings: many, RouteSettings: { "GET /few": few } };
    await client.send(new UpdateStageCommand({ ApiId: api.id, StageName: "$default", ...settings }));
    const answers: unknown[] = [];
    for (let i = 0; i < 3; i++) answers.push((await call(api.url, { path: "/few" })).status);
    assert.deepEqual(answers, [200, 200, 429]);
    assert.deepEqual(told(await call(api.url, { path: "/few" })), [429, '{"message":"Too Many Requests"}']);
    assert.equal((await call(api.url, { path: "/many" })).status, 200);
  });

  it("passes requests on to another server", async () => {
    const server = createServer((request, response) => {
      response.writeHead(202, { "x-seen": `${request.method} ${request.url}`, "set-cookie": ["a=1", "b=2"] });
      request.pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { ApiId, ApiEndpoint } = await client.send(new CreateApiCommand({ Name: "p", ProtocolType: "HTTP" }));
      const { IntegrationId } = await client.send(
        new CreateIntegrationCommand({
          ApiId,
          IntegrationType: "HTTP_PROXY",
          IntegrationMethod: "ANY",
          IntegrationUri: `http://127.0.0.1:${port}/below/{proxy}`,
        }),
      );
      await client.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
      const Target = `integrations/${IntegrationId}`;
      await client.send(new CreateRouteCommand({ ApiId, RouteKey: "ANY /{proxy+}", Target }));
      const answer = await call(String(ApiEndpoint), { method: "PUT", path: "/a%20b/c?d=1", body: "hi" });
      assert.deepEqual(
        [answer.status, answer.headers["x-seen"], answer.headers["set-cookie"], answer.body.toString()],
        [202, "PUT /below/a%20b/c?d=1", ["a=1", "b=2"], "hi"],
      );
    } finally {
      server.close();
    }
  });

  it("asks a Lambda authorizer, remembers what it says for its time, and hands its context on", async () => {
    const gate = await deployEcho(
      region,
      `let asked = 0;
      export const handler = async (event) => {
        const [who] = event.identitySource;
        if (who === "broken") return { no: "answer" };
        if (who === "thrown") throw new Error("Unauthorized");
        return { isAuthorized: who !== "denied", context: { who, asked: ++asked, arn: event.routeArn } };
      };`,
    );
    await permit(region, gate, "*");
    const api = await make();
    const { AuthorizerId } = await client.send(
      new CreateAuthorizerCommand({
        ApiId: api.id,
        Name: "gate",
        AuthorizerType: "REQUEST",
        AuthorizerUri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${gate}/invocations`,
        AuthorizerPayloadFormatVersion: "2.0",
        EnableSimpleResponses: true,
        IdentitySource: ["$request.header.x-who"],
        AuthorizerResultTtlInSeconds: 300,
      }),
    );
    await route(api, "GET /in/{id}", { AuthorizationType: "CUSTOM", AuthorizerId });
    const as = (who: string) => call(api.url, { path: "/in/1", headers: { "x-who": who } });
    const first = JSON.parse((await as("me")).body.toString());
    assert.deepEqual(first.requestContext.authorizer.lambda, {
      who: "me",
      asked: 1,
      arn: `arn:aws:execute-api:us-east-1:000000000000:${api.id}/$default/GET/in/1`,
    });
    assert.equal(JSON.parse((await as("me")).body.toString()).requestContext.authorizer.lambda.asked, 1);
    assert.deepEqual(told(await as("denied")), [403, '{"message":"Forbidden"}']);
    assert.deepEqual(told(await as("broken")), [500, '{"message":"Internal Server Error"}']);
    assert.deepEqual(told(await as("thrown")), [401, '{"message":"Unauthorized"}']);
    assert.deepEqual(told(await call(api.url, { path: "/in/1" })), [401, '{"message":"Unauthorized"}']);
  });

  it("asks a Lambda authorizer for a policy, and holds each route to it", async () => {
    const gate = await deployEcho(
      region,
      `export const handler = async (event) => ({
        principalId: "me",
        policyDocument: { Version: "2012-10-17", Statement: [
          { Effect: "Allow", Action: "execute-api:Invoke", Resource: event.methodArn.replace(/GET.*/, "GET/open*") } ] },
        context: { from: event.authorizationToken },
      });`,
    );
    await permit(region, gate, "*");
    const api = await make("1.0");
    const { AuthorizerId } = await client.send(
      new CreateAuthorizerCommand({
        ApiId: api.id,
        Name: "gate",
        AuthorizerType: "REQUEST",
        AuthorizerUri: gate,
        AuthorizerPayloadFormatVersion: "1.0",
        IdentitySource: ["$request.header.authorization"],
        AuthorizerResultTtlInSeconds: 60,
      }),
    );
    for (const key of ["GET /open", "GET /shut"]) await route(api, key, { AuthorizationType: "CUSTOM", AuthorizerId });
    const headers = { authorization: "token" };
    const open = await json(api.url, { path: "/open", headers });
    assert.deepEqual(open.requestContext.authorizer, { principalId: "me", from: "token" });
    assert.deepEqual(told(await call(api.url, { path: "/shut", headers })), [403, '{"message":"Forbidden"}']);
  });
});
