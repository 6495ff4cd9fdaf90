/**
 * A small client of a region's public HTTP API: signs JSON requests like any AWS SDK and turns AWS-shaped errors into
 * exceptions. The command line uses it instead of reaching into the region, and bench/ takes its signed requests.
 */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Config } from "../config.ts";

export interface Target {
  /** http://host:port */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The region answered with an error. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.status = status;
  }
}

/** Nothing listens at the endpoint. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** SHA-256 and HMAC in the shape that the signer wants, done by OpenSSL rather than by script. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/** Where the region of this configuration is reached from this machine. */
export function targetOf(config: Config, endpoint?: string): Target {
  const host = ["0.0.0.0", "::"].includes(config.host) ? "127.0.0.1" : config.host;
  const { region, accessKeyId, secretAccessKey } = config;
  return { endpoint: endpoint ?? `http://${host}:${config.port}`, region, accessKeyId, secretAccessKey };
}

export class RegionClient {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /** The headers, signature included, that make this request acceptable for the next minutes. */
  async sign(request: ApiRequest): Promise<Record<string, string>> {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.#target;
    const url = new URL(endpoint);
    const signer = new SignatureV4({
      service: "lambda",
      region,
      credentials: { accessKeyId, secretAccessKey },
      sha256: Sha256,
    });
    const signed = await signer.sign({
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      port: Number(url.port || 80),
      path: request.path,
      query: { ...request.query },
      headers: { host: url.host, ...request.headers },
      body: request.body,
    });
    return signed.headers;
  }

  /**
   * @throws ApiError when the region refuses
   * @throws UnreachableError when there is no region
   */
  async send(request: ApiRequest): Promise<Response> {
    const { endpoint } = this.#target;
    // Host is fetch's own to set; it is the same value that was signed.
    const { host: _, ...headers } = await this.sign(request);
    const search = request.query === undefined ? "" : `?${new URLSearchParams(request.query)}`;
    const init = { method: request.method, headers, ...(request.body !== undefined && { body: request.body }) };
    const response = await fetch(`${endpoint}${request.path}${search}`, init).catch((cause: unknown) => {
      const hint = "is a region running? Start one with `npm start`, or name another with --endpoint";
      throw new UnreachableError(`no answer from ${endpoint}: ${hint}`, { cause });
    });
    if (!response.ok) throw await apiError(response);
    return response;
  }

  async json<Answer>(request: Omit<ApiRequest, "body"> & { readonly body?: unknown }): Promise<Answer> {
    const { body, ...rest } = request;
    const headers = { "content-type": "application/json", ...request.headers };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await this.send({ ...rest, headers, ...text });
    return (await response.json()) as Answer;
  }
}

async function apiError(response: Response): Promise<ApiError> {
  const text = await response.text();
  const code = response.headers.get("x-amzn-errortype")?.split(":", 1)[0] ?? `HTTP ${response.status}`;
  let message = text;
  try {
    const document = JSON.parse(text) as { message?: string; Message?: string };
    message = document.message ?? document.Message ?? text;
  } catch {
    // Not a region at the other end, or a proxy between: its text is all there is to show.
  }
  return new ApiError(code, response.status, message);
}
