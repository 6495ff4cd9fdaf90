/** For tests: functions with public URLs, and HTTP requests to them whatever this machine resolves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
} from "@aws-sdk/client-lambda";
import type { TestRegion } from "../test-region.ts";

export interface UrlRequest {
  readonly method?: string;
  /** With the query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface UrlResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Give a function a URL that anyone may call. @returns the URL */
export async function publicUrl(
  region: TestRegion,
  name: string,
  more: Partial<CreateFunctionUrlConfigCommandInput> = {},
): Promise<string> {
  const { FunctionUrl } = await region.lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: "NONE", ...more }),
  );
  await makePublic(region, name, more.Qualifier);
  return String(FunctionUrl);
}

/** The two statements without which a URL answers 403. */
export async function makePublic(region: TestRegion, FunctionName: string, Qualifier?: string): Promise<void> {
  const who = { FunctionName, Qualifier, Principal: "*" };
  await region.lambda.send(
    new AddPermissionCommand({
      ...who,
      StatementId: "url",
      Action: "lambda:InvokeFunctionUrl",
      FunctionUrlAuthType: "NONE",
    }),
  );
  await region.lambda.send(
    new AddPermissionCommand({
      ...who,
      StatementId: "invoke",
      Action: "lambda:InvokeFunction",
      InvokedViaFunctionUrl: true,
    }),
  );
}

/** The response, its body still to come. Connects to this machine: not every resolver knows names below localhost. */
export async function open(url: string, request: UrlRequest = {}): Promise<IncomingMessage> {
  const { host, port } = new URL(url);
  const { method = "GET", path = "/", headers = {}, body } = request;
  const sent = httpRequest({ host: "127.0.0.1", port, method, path, headers: { host, ...headers } });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

export async function call(url: string, request?: UrlRequest): Promise<UrlResponse> {
  const response = await open(url, request);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  assert.ok(response.complete, "the response ended before it was whole");
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
