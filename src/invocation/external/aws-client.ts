/** A small client of services that others keep: signs like an AWS SDK, keeps connections open, and knows no service. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import { SignatureV4 } from "@smithy/signature-v4";
import type { ExternalEndpoint } from "./endpoints.ts";

/** The other side refused. */
export class AwsClientError extends Error {
  override readonly name = "AwsClientError";
  readonly status: number;
  /** e.g. QueueDoesNotExist */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(`${code}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

export interface AwsRequest {
  readonly method: string;
  /** Below the endpoint, begins with a slash, encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal?: AbortSignal;
}

export interface AwsResponse {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Of answers whose size nobody has limited, bytes: what they hold is a message or a list of a few. */
const MOST_BYTES = 16 * 1024 * 1024;

/** In the shape that the signer wants, done by OpenSSL rather than by script. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

export class AwsClient {
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #signer: SignatureV4;

  /** @param service as signatures name it @param region as signatures name it */
  constructor(
    { endpoint, accessKeyId, secretAccessKey, sessionToken }: ExternalEndpoint,
    service: string,
    region: string,
  ) {
    this.#url = new URL(endpoint);
    this.#agent = this.#url.protocol === "https:" ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
    this.#signer = new SignatureV4({
      service,
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      sha256: Sha256,
      // S3 signs paths as they are sent, all others encode them once more.
      uriEscapePath: service !== "s3",
    });
  }

  /**
   * @param most bytes of the answer
   * @throws AwsClientError when it is refused; any other error when there is no answer
   */
  async send({ method, path, query = {}, headers, body, signal }: AwsRequest, most = MOST_BYTES): Promise<AwsResponse> {
    const { protocol, hostname, host, port, pathname } = this.#url;
    const whole = `${pathname.replace(/\/$/, "")}${path}`;
    const signed = await this.#signer.sign({
      method,
      protocol,
      hostname,
      path: whole,
      query: { ...query },
      headers: { host, ...headers, "content-length": String(body?.length ?? 0) },
      ...(body && { body }),
    });
    const send = protocol === "https:" ? requestHttps : requestHttp;
    const search = Object.entries(query)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join("&");
    const options = {
      method,
      hostname,
      port,
      path: search === "" ? whole : `${whole}?${search}`,
      headers: signed.headers,
      agent: this.#agent,
      ...(signal && { signal }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(options, resolve);
      request.once("error", reject);
      request.end(body);
    });
    const answer = await readBody(response, most);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw refusal(status, response.headers, answer.toString("utf8"));
    return { headers: response.headers, body: answer };
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function readBody(response: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > most) throw new AwsClientError(200, "TooLarge", `the answer has more than ${most} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Of any protocol: the name stands in a header, in a member, or in an element. */
function refusal(status: number, headers: IncomingHttpHeaders, text: string): AwsClientError {
  const { code, message } = text.startsWith("<") ? xmlError(text) : jsonError(text);
  const name = code ?? String(headers["x-amzn-errortype"] ?? `HTTP ${status}`);
  return new AwsClientError(status, name.slice(name.lastIndexOf("#") + 1).replace(/:.*$/, ""), message ?? text);
}

interface ToldError {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

function jsonError(text: string): ToldError {
  try {
    const { __type, code, message, Message } = JSON.parse(text) as Record<string, unknown>;
    const asText = (value: unknown) => (typeof value === "string" ? value : undefined);
    return { code: asText(__type) ?? asText(code), message: asText(message) ?? asText(Message) };
  } catch {
    // A proxy between, say: its text is all there is to show.
    return { code: undefined, message: undefined };
  }
}

function xmlError(text: string): ToldError {
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return { code: element("Code"), message: element("Message") };
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
