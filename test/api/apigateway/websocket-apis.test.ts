/** WebSocket APIs, made with the AWS SDK, with the `ws` client at one end and functions at the other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateAuthorizerCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateRouteResponseCommand,
  CreateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { WebSocket } from "ws";
import { TestRegion } from "../../test-region.ts";
import { deployEcho, permit } from "./echo-function.ts";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** Answers with the event, on routes that answer. */
const TELLING = `
export const handler = async (event) => {
  if (event.queryStringParameters?.refuse) return { statusCode: Number(event.queryStringParameters.refuse) };
  if (event.queryStringParameters?.break) throw new Error("no");
  if (event.body === '{"action":"break"}') throw new Error("no");
  return { statusCode: 200, headers: { "Sec-WebSocket-Protocol": "two" }, body: JSON.stringify(event) };
};`;

interface Client {
  readonly socket: WebSocket;
  next(): Promise<string>;
}

describe("a WebSocket API", () => {
  let region: TestRegion;
  let client: ApiGatewayV2Client;
  let arn: string;
  before(async () => {
    region = await TestRegion.start();
    client = new ApiGatewayV2Client({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    arn = await deployEcho(region, TELLING);
    await permit(region, arn, "*");
  });
  after(async () => {
    client?.destroy();
    await region?.stop();
  });

  async function make(
    routes: Readonly<Record<string, object>>,
    answering: readonly string[] = [],
    uri = arn,
  ): Promise<string> {
    const { ApiId = "" } = await client.send(
      new CreateApiCommand({ Name: "w", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action" }),
    );
    const { IntegrationId } = await client.send(
      new CreateIntegrationCommand({ ApiId, IntegrationType: "AWS_PROXY", IntegrationUri: uri }),
    );
    for (const [RouteKey, more] of Object.entries(routes)) {
      const answers = answering.includes(RouteKey);
      const { RouteId } = await client.send(
        new CreateRouteCommand({
          ApiId,
          RouteKey,
          Target: `integrations/${IntegrationId}`,
          ...(answers && { RouteResponseSelectionExpression: "$default" }),
          ...more,
        }),
      );
      if (answers) await client.send(new CreateRouteResponseCommand({ ApiId, RouteId, RouteResponseKey: "$default" }));
    }
    await client.send(new CreateStageCommand({ ApiId, StageName: "prod", AutoDeploy: true }));
    return ApiId;
  }

  function connect(apiId: string, query = "", protocols: string[] = [], headers = {}): Promise<Client> {
    const socket = new WebSocket(`${region.url.replace("http", "ws")}/_apis/${apiId}/prod${query}`, protocols, {
      headers,
    });
    const received: string[] = [];
    const waiting: ((text: string) => void)[] = [];
    socket.on("message", (data) => {
      const next = waiting.shift();
      if (next) next(String(data));
      else received.push(String(data));
    });
    const next = (): Promise<string> => {
      const known = received.shift();
      return known === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(known);
    };
    const { promise, resolve, reject } = Promise.withResolvers<Client>();
    socket.on("open", () => resolve({ socket, next }));
    socket.on("unexpected-response", (_, response) =>
      reject(Object.assign(new Error("refused"), { status: response.statusCode })),
    );
    socket.on("error", reject);
    return promise;
  }

  it("connects, sends each message to its route, and has answers sent back", async () => {
    const apiId = await make({ $connect: {}, $default: {}, hello: {} }, ["$default", "hello"]);
    const { socket, next } = await connect(apiId, "?a=1&a=2", ["one", "two"]);
    assert.equal(socket.protocol, "two");
    socket.send('{"action":"hello","x":1}');
    const hello = JSON.parse(await next());
    const {
      connectionId,
      messageId,
      connectedAt,
      requestTimeEpoch,
      requestTime,
      requestId,
      extendedRequestId,
      ...context
    } = hello.requestContext;
    assert.match(connectionId, /^[A-Za-z0-9+/]{15}=$/);
    assert.ok(messageId && requestTime && requestId && extendedRequestId && requestTimeEpoch >= connectedAt);
    assert.deepEqual(context, {
      routeKey: "hello",
      eventType: "MESSAGE",
      messageDirection: "IN",
      stage: "prod",
      identity: { sourceIp: "127.0.0.1" },
      domainName: `${apiId}.execute-api.us-east-1.localhost`,
      apiId,
    });
    assert.deepEqual([hello.body, hello.isBase64Encoded], ['{"action":"hello","x":1}', false]);
    for (const message of ["no json", '{"action":"unknown"}', '{"action":"$connect"}']) {
      socket.send(message);
      assert.equal(JSON.parse(await next()).requestContext.routeKey, "$default", message);
    }
    socket.send('{"action":"break"}');
    assert.deepEqual(Object.keys(JSON.parse(await next())), ["message", "connectionId", "requestId"]);
    socket.close();
  });

  it("tells a client of messages that have no route", async () => {
    const apiId = await make({ hello: {} });
    const { socket, next } = await connect(apiId);
    socket.send("nothing");
    const { message, connectionId } = JSON.parse(await next());
    assert.equal(message, "Forbidden");
    assert.ok(connectionId);
    socket.close();
  });

  it("refuses whom its function does not let in, and who is nowhere", async () => {
    const apiId = await make({ $connect: {} });
    await assert.rejects(connect(apiId, "?refuse=403"), { status: 403 });
    await assert.rejects(connect(apiId, "?break=1"), { status: 502 });
    await assert.rejects(connect("abcdefghij"), { status: 403 });
    const lonely = await make({ $connect: {} }, [], await deployEcho(region));
    await assert.rejects(connect(lonely), { status: 500 });
    const plain = await fetch(`${region.url}/_apis/${apiId}/prod`);
    assert.deepEqual([plain.status, await plain.text()], [403, '{"message":"Forbidden"}']);
  });

  it("asks an authorizer on connecting, and has all events tell what it said", async () => {
    const gate = await deployEcho(
      region,
      `export const handler = async (event) => ({
        principalId: event.queryStringParameters.who, context: { kind: event.requestContext.eventType },
        policyDocument: { Statement: [{ Effect: event.queryStringParameters.who === "bad" ? "Deny" : "Allow",
          Action: "execute-api:Invoke", Resource: event.methodArn }] } });`,
    );
    await permit(region, gate, "*");
    const apiId = await make({ $default: {} }, ["$default"]);
    const { AuthorizerId } = await client.send(
      new CreateAuthorizerCommand({
        ApiId: apiId,
        Name: "gate",
        AuthorizerType: "REQUEST",
        AuthorizerUri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${gate}/invocations`,
        IdentitySource: ["route.request.querystring.who"],
      }),
    );
    const { IntegrationId } = await client.send(
      new CreateIntegrationCommand({ ApiId: apiId, IntegrationType: "MOCK" }),
    );
    await client.send(
      new CreateRouteCommand({
        ApiId: apiId,
        RouteKey: "$connect",
        Target: `integrations/${IntegrationId}`,
        AuthorizationType: "CUSTOM",
        AuthorizerId,
      }),
    );
    await assert.rejects(connect(apiId), { status: 401 });
    await assert.rejects(connect(apiId, "?who=bad"), { status: 403 });
    const { socket, next } = await connect(apiId, "?who=me");
    socket.send("x");
    const { integrationLatency: _, ...authorizer } = JSON.parse(await next()).requestContext.authorizer;
    assert.deepEqual(authorizer, { kind: "CONNECT", principalId: "me" });
    socket.close();
  });

  it("lets the management API send to a client, tell of it and end it, by any of its addresses", async () => {
    const apiId = await make({ $default: {} }, ["$default"]);
    const { socket, next } = await connect(apiId);
    socket.send("who am I");
    const { connectionId: ConnectionId } = JSON.parse(await next()).requestContext;
    const { port } = new URL(region.url);
    const ofApi = `${region.url}/_apis/${apiId}/prod`;
    for (const endpoint of [region.url, ofApi]) {
      const management = new ApiGatewayManagementApiClient({
        endpoint,
        region: "us-east-1",
        credentials,
        maxAttempts: 1,
      });
      await management.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from(`from ${port}`) }));
      assert.equal(await next(), `from ${port}`);
    }
    const management = new ApiGatewayManagementApiClient({
      endpoint: ofApi,
      region: "us-east-1",
      credentials,
      maxAttempts: 1,
    });
    const { Identity, ConnectedAt } = await management.send(new GetConnectionCommand({ ConnectionId }));
    assert.equal(Identity?.SourceIp, "127.0.0.1");
    assert.ok(ConnectedAt instanceof Date);
    const Data = Buffer.alloc(128 * 1024 + 1);
    await assert.rejects(management.send(new PostToConnectionCommand({ ConnectionId, Data })), {
      name: "PayloadTooLargeException",
    });
    const closed = once(socket, "close");
    await management.send(new DeleteConnectionCommand({ ConnectionId }));
    assert.equal((await closed)[0], 1000);
    await assert.rejects(management.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from("x") })), {
      name: "GoneException",
    });
  });

  it("closes its connections when the region stops", async () => {
    const apiId = await make({ hello: {} });
    const { socket } = await connect(apiId);
    const closed = once(socket, "close");
    await region.restart();
    assert.equal((await closed)[0], 1001);
    client.destroy();
    client = new ApiGatewayV2Client({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    (await connect(apiId)).socket.close();
  });
});
