/** For tests: a gateway on a free port with the real Lambda model, a few handlers, and an invoker that echoes. */
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Outcome } from "../execution/outcome.ts";
import type { EventRequest } from "../invocation/async/queued-event.ts";
import type { InvokeRequest } from "../invocation/invoker.ts";
import { createService } from "../wire/engine.ts";
import { loadModel } from "../wire/model.ts";
import type { Principal } from "../wire/service.ts";
import { authorizeByActions } from "./authorization.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import { createGateway } from "./server.ts";
import { Sha256 } from "./test-signing.ts";

export const ADMINISTRATOR = { accessKeyId: "test", secretAccessKey: "test" };
export const FUNCTION_ROLE = { accessKeyId: "ASIAROLE", secretAccessKey: "role-secret", sessionToken: "token" };

const PRINCIPALS: Readonly<Record<string, Principal>> = {
  test: { arn: "arn:aws:iam::000000000000:root", accountId: "000000000000", kind: "administrator" },
  ASIAROLE: {
    arn: "arn:aws:sts::000000000000:assumed-role/role/caller",
    accountId: "000000000000",
    kind: "execution-role",
  },
};

export function echo(request: InvokeRequest): Outcome {
  return {
    kind: "ok",
    payload: request.invocation.payload,
    executedVersion: request.qualifier ?? "$LATEST",
    logTail: Buffer.from(request.wantsLogTail ? "START\n" : ""),
    durationMs: 1,
    billedMs: 1,
    maxMemoryMb: 1,
  };
}

export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly port: number;
  /** What was invoked, in order. */
  readonly invoked: InvokeRequest[];
  /** Events that were accepted, in order. */
  readonly accepted: EventRequest[];
  /** Messages of the log. */
  readonly logged: string[];
  send(options: SendOptions): Promise<Answer>;
  /** Write bytes to a connection of its own, end it, and collect all that comes back. */
  sendRaw(bytes: string | Buffer): Promise<string>;
}

export interface SendOptions {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** null: unsigned. Default: the administrator. */
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
  /** Headers that are added after signing. */
  readonly unsigned?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export async function startTestGateway(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const invoked: InvokeRequest[] = [];
  const accepted: EventRequest[] = [];
  const logged: string[] = [];
  const note = (message: string): void => void logged.push(message);
  const log = { info: note, warn: note, error: note };
  const lambda = createService<typeof import("@aws-sdk/client-lambda")>({
    model: loadModel("lambda"),
    handlers: {
      ListFunctions: async () => ({ Functions: [] }),
      GetFunctionConfiguration: async (input) => ({ FunctionName: input.FunctionName }),
      TagResource: async () => ({}),
    },
    onFault: (error) => logged.push(String(error)),
  });
  const gateway = createGateway({
    services: [lambda],
    credentials: {
      find(accessKeyId, sessionToken) {
        const known = [ADMINISTRATOR, FUNCTION_ROLE].find((one) => one.accessKeyId === accessKeyId);
        const principal = PRINCIPALS[accessKeyId];
        if (!known || !principal) return undefined;
        if ("sessionToken" in known && known.sessionToken !== sessionToken) return undefined;
        return { secretAccessKey: known.secretAccessKey, principal };
      },
    },
    invoker: {
      invoke: async (request) => {
        invoked.push(request);
        return echo(request);
      },
      check: async () => {},
    },
    events: { accept: async (request) => void accepted.push(request) },
    functionUrls: { find: async () => undefined },
    authorize: authorizeByActions(["lambda:InvokeFunction"]),
    policyOf: async () => undefined,
    layerPolicyOf: async () => undefined,
    region: "us-east-1",
    accountId: "000000000000",
    health: () => ({ status: "ready", version: "0", isolation: "none" }),
    log,
    ...options,
  });
  const { port } = await gateway.listen(0, "127.0.0.1");
  const host = `127.0.0.1:${port}`;
  return {
    gateway,
    port,
    invoked,
    accepted,
    logged,
    send: (send) => sendRequest(host, port, send),
    sendRaw: (bytes) => sendRaw(port, bytes),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

/** The headers of a signed request for Lambda. */
export async function signHeaders(
  method: string,
  url: string,
  given: Record<string, string>,
  body: string | Uint8Array = "",
  credentials: NonNullable<SendOptions["credentials"]> = ADMINISTRATOR,
): Promise<Record<string, string>> {
  const { host, hostname, pathname: path, searchParams } = new URL(url);
  const signer = new SignatureV4({ service: "lambda", region: "us-east-1", credentials, sha256: Sha256 as never });
  const headers = { host, ...given };
  const query = Object.fromEntries(searchParams);
  return (await signer.sign({ method, path, query, headers, body, protocol: "http:", hostname })).headers;
}

async function sendRequest(host: string, port: number, options: SendOptions): Promise<Answer> {
  const { method = "GET", path, body = "", credentials = ADMINISTRATOR } = options;
  const url = `http://${host}${path}`;
  const headers =
    credentials === null
      ? { host, ...options.headers }
      : await signHeaders(method, url, options.headers ?? {}, body, credentials);
  const request = httpRequest({ port, method, path, headers: { ...headers, ...options.unsigned } });
  request.end(body);
  const [response] = await once(request, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() };
}

async function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  // A reset after the answer is as good an end as any.
  socket.on("error", () => {});
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString();
}
