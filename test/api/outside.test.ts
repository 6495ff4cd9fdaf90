/** Whoever acts for an execution role cannot have API Gateway and EventBridge speak with what listens on their machine. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateRestApiCommand,
  PutIntegrationCommand,
  PutMethodCommand,
} from "@aws-sdk/client-api-gateway";
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateAuthorizerCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  UpdateApiDestinationCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { call } from "../e2e/function-url-client.ts";
import { TestRegion } from "../test-region.ts";
import { roleCredentials } from "./role-credentials.ts";

const ADMINISTRATOR = { accessKeyId: "test", secretAccessKey: "test" };
const ROLE_ARN = "arn:aws:iam::000000000000:role/call";

describe("what listens on the region's machine", () => {
  let region: TestRegion;
  let server: Server;
  let inside: string;
  let host: string;
  const asked: string[] = [];
  let role: Awaited<ReturnType<typeof roleCredentials>>;
  const clients: { destroy(): void }[] = [];

  function client<T extends { destroy(): void }>(
    Client: new (options: { endpoint: string; region: string; credentials: typeof ADMINISTRATOR }) => T,
    credentials = ADMINISTRATOR,
  ): T {
    const made = new Client({ endpoint: region.url, region: "us-east-1", credentials });
    clients.push(made);
    return made;
  }

  before(async () => {
    region = await TestRegion.start();
    role = await roleCredentials(region.url);
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host = `localhost:${(server.address() as AddressInfo).port}`;
    inside = `http://${host}`;
  });
  after(async () => {
    for (const one of clients) one.destroy();
    server?.close();
    await region?.stop();
  });

  async function httpApi(http: ApiGatewayV2Client, IntegrationUri: string, StageVariables?: Record<string, string>) {
    const { ApiId = "" } = await http.send(new CreateApiCommand({ Name: "a", ProtocolType: "HTTP" }));
    const integration = { IntegrationType: "HTTP_PROXY", IntegrationMethod: "GET", IntegrationUri } as const;
    const { IntegrationId } = await http.send(new CreateIntegrationCommand({ ApiId, ...integration }));
    const Target = `integrations/${IntegrationId}`;
    await http.send(new CreateRouteCommand({ ApiId, RouteKey: "GET /pass", Target }));
    const stage = { ApiId, StageName: "$default", AutoDeploy: true };
    await http.send(new CreateStageCommand({ ...stage, ...(StageVariables && { StageVariables }) }));
    return {
      ApiId,
      Target,
      ask: (path: string, headers = {}) => call(region.url, { path: `/_apis/${ApiId}${path}`, headers }),
    };
  }

  it("is not passed requests by an HTTP API that a role has made, but by the administrator's", async () => {
    const others = await httpApi(client(ApiGatewayV2Client, role), `${inside}/http-role`);
    assert.equal((await others.ask("/pass")).status, 500);
    const own = await httpApi(client(ApiGatewayV2Client), `${inside}/http-own`);
    assert.equal((await own.ask("/pass")).status, 200);
    assert.deepEqual(asked.splice(0), ["GET /http-own"]);
  });

  it("is not passed requests by an API of the administrator's any more, when a role has changed something of it", async () => {
    const own = await httpApi(client(ApiGatewayV2Client), `http://\${stageVariables.host}/by-stage`, { host });
    assert.equal((await own.ask("/pass")).status, 200);
    const StageVariables = { host: `${host}/elsewhere` };
    const stage = { ApiId: own.ApiId, StageName: "$default", StageVariables };
    await client(ApiGatewayV2Client, role).send(new UpdateStageCommand(stage));
    assert.equal((await own.ask("/pass")).status, 500);
    assert.deepEqual(asked.splice(0), ["GET /by-stage"]);
  });

  it("is not passed requests by a REST API that a role has made", async () => {
    const rest = client(APIGatewayClient, role);
    const { id: restApiId, rootResourceId: resourceId } = await rest.send(new CreateRestApiCommand({ name: "a" }));
    const method = { restApiId, resourceId, httpMethod: "GET" };
    await rest.send(new PutMethodCommand({ ...method, authorizationType: "NONE" }));
    const proxy = { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: `${inside}/rest` } as const;
    await rest.send(new PutIntegrationCommand({ ...method, ...proxy }));
    await rest.send(new CreateDeploymentCommand({ restApiId, stageName: "prod" }));
    const answer = await call(region.url, { path: `/_apis/${restApiId}/prod/` });
    assert.equal(answer.status, 504);
    assert.deepEqual(asked, []);
  });

  it("is not asked for the keys of an issuer that a role has named", async () => {
    const http = client(ApiGatewayV2Client, role);
    const { ApiId, Target, ask } = await httpApi(http, "http://192.0.2.1/");
    const { AuthorizerId } = await http.send(
      new CreateAuthorizerCommand({
        ApiId,
        Name: "jwt",
        AuthorizerType: "JWT",
        IdentitySource: ["$request.header.Authorization"],
        JwtConfiguration: { Issuer: inside, Audience: ["app"] },
      }),
    );
    const secured = { ApiId, Target, AuthorizationType: "JWT", AuthorizerId, RouteKey: "GET /mine" } as const;
    await http.send(new CreateRouteCommand(secured));
    const refused = await ask("/mine", { authorization: "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA" });
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers["www-authenticate"]), /localhost is .*, where execution roles may not send/);
    assert.deepEqual(asked, []);
  });

  it("is not called as an API destination that a role has named, nor asked for tokens", async () => {
    const events = client(EventBridgeClient);
    const byRole = client(EventBridgeClient, role);
    const sqs = client(SQSClient);
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "dead" }));
    const deadLetter = async (): Promise<Message> => {
      const input = { QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ["All"] };
      const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand(input));
      return message ?? deadLetter();
    };
    const key = { ApiKeyAuthParameters: { ApiKeyName: "key", ApiKeyValue: "value" } };
    const oauth = {
      OAuthParameters: {
        ClientParameters: { ClientID: "me", ClientSecret: "hush-hush" },
        AuthorizationEndpoint: `${inside}/token`,
        HttpMethod: "POST",
      },
    } as const;
    async function destination(Name: string, by: { connection: EventBridgeClient; api: EventBridgeClient }) {
      const { ConnectionArn } = await by.connection.send(
        by.connection === byRole
          ? new CreateConnectionCommand({ Name, AuthorizationType: "OAUTH_CLIENT_CREDENTIALS", AuthParameters: oauth })
          : new CreateConnectionCommand({ Name, AuthorizationType: "API_KEY", AuthParameters: key }),
      );
      const api = { Name, ConnectionArn, InvocationEndpoint: `${inside}/${Name}`, HttpMethod: "POST" } as const;
      const { ApiDestinationArn: Arn } = await by.api.send(new CreateApiDestinationCommand(api));
      const DeadLetterConfig = { Arn: "arn:aws:sqs:us-east-1:000000000000:dead" };
      await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: [Name] }) }));
      await events.send(
        new PutTargetsCommand({ Rule: Name, Targets: [{ Id: "1", Arn, RoleArn: ROLE_ARN, DeadLetterConfig }] }),
      );
    }
    const put = (Source: string) =>
      events.send(new PutEventsCommand({ Entries: [{ Source, DetailType: "t", Detail: "{}" }] }));

    await destination("named", { connection: events, api: byRole });
    await destination("token", { connection: byRole, api: events });
    await destination("changed", { connection: events, api: events });
    await byRole.send(new UpdateApiDestinationCommand({ Name: "changed", InvocationEndpoint: `${inside}/other` }));
    for (const source of ["named", "token", "changed"]) {
      await put(source);
      const { MessageAttributes: told, Body = "" } = await deadLetter();
      assert.equal(JSON.parse(Body).source, source);
      assert.match(String(told?.ERROR_MESSAGE?.StringValue), /where execution roles may not send/);
    }
    assert.deepEqual(asked, []);
    await destination("own", { connection: events, api: events });
    await put("own");
    while (asked.length === 0) await new Promise((resolve) => server.once("request", resolve));
    assert.deepEqual(asked, ["POST /own"]);
  });
});
