/** What API Gateway adds to a warm invoke: the same function through an HTTP API, a REST API and by Invoke, in turns. */
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  PutIntegrationCommand,
  PutMethodCommand,
} from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2Client, CreateApiCommand } from "@aws-sdk/client-apigatewayv2";
import { deployNode } from "./bench-functions.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

const FUNCTION = "api-overhead";
const ARN = `arn:aws:lambda:us-east-1:000000000000:function:${FUNCTION}`;
const HANDLER = `exports.handler = async () => ({ statusCode: 200, body: "hello" });`;

export interface ApiOverhead {
  readonly way: "Invoke" | "HTTP API" | "REST API";
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Way = () => Promise<{ readonly method: string; readonly path: string; readonly headers: OutgoingHttpHeaders }>;

export async function measureApiOverhead(region: RegionProcess, requests: number): Promise<readonly ApiOverhead[]> {
  await deployNode(region, FUNCTION, HANDLER, "index.handler");
  await region.client.json({
    method: "POST",
    path: `/2015-03-31/functions/${FUNCTION}/policy`,
    body: { StatementId: "api", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com" },
  });
  const [httpApi, restApi] = await makeApis(region);
  const plain = (path: string): Way => {
    const request = { method: "GET", path, headers: {} };
    return async () => request;
  };
  const invoke = { method: "POST", path: `/2015-03-31/functions/${FUNCTION}/invocations` } as const;
  const ways: Readonly<Record<ApiOverhead["way"], Way>> = {
    Invoke: async () => ({ ...invoke, headers: await region.client.sign(invoke) }),
    "HTTP API": plain(`/_apis/${httpApi}/`),
    "REST API": plain(`/_apis/${restApi}/prod/hello`),
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const latenciesMs: Record<string, number[]> = { Invoke: [], "HTTP API": [], "REST API": [] };
    for (let turn = 0; turn <= requests; turn++) {
      for (const [way, prepare] of Object.entries(ways)) {
        const prepared = await prepare();
        const started = performance.now();
        await answered(region, agent, prepared);
        // The first starts an environment.
        if (turn > 0) latenciesMs[way]?.push(performance.now() - started);
      }
    }
    return Object.entries(latenciesMs).map(([way, ms]) => ({
      way: way as ApiOverhead["way"],
      requests,
      p50Ms: median(ms),
      p99Ms: percentile(ms, 0.99),
    }));
  } finally {
    agent.destroy();
  }
}

async function answered({ target }: RegionProcess, agent: Agent, prepared: Awaited<ReturnType<Way>>): Promise<void> {
  const sent = httpRequest(target.endpoint, { ...prepared, agent }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const ended = once(response, "end");
  response.resume();
  await ended;
  if (response.statusCode !== 200) throw new Error(`${prepared.path} answered ${response.statusCode}`);
}

/** @returns ids of an HTTP API and a REST API in front of the function */
async function makeApis({ target }: RegionProcess): Promise<readonly [string, string]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = target;
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const http = new ApiGatewayV2Client(settings);
  const rest = new APIGatewayClient(settings);
  try {
    const { ApiId = "" } = await http.send(new CreateApiCommand({ Name: "b", ProtocolType: "HTTP", Target: ARN }));
    const { id: restApiId = "", rootResourceId: parentId } = await rest.send(new CreateRestApiCommand({ name: "b" }));
    const resource = new CreateResourceCommand({ restApiId, parentId, pathPart: "hello" });
    const at = { restApiId, resourceId: (await rest.send(resource)).id, httpMethod: "GET" };
    await rest.send(new PutMethodCommand({ ...at, authorizationType: "NONE" }));
    const uri = `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${ARN}/invocations`;
    await rest.send(new PutIntegrationCommand({ ...at, type: "AWS_PROXY", integrationHttpMethod: "POST", uri }));
    await rest.send(new CreateDeploymentCommand({ restApiId, stageName: "prod" }));
    return [ApiId, restApiId];
  } finally {
    http.destroy();
    rest.destroy();
  }
}
