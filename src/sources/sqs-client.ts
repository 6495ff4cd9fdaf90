/** A small client of any SQS API: signs like an AWS SDK, speaks its JSON protocol, keeps connections open. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { Agent, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import { SignatureV4 } from "@smithy/signature-v4";

export interface SqsEndpoint {
  /** http(s)://host:port */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The other side refused. */
export class SqsClientError extends Error {
  override readonly name = "SqsClientError";
  /** e.g. QueueDoesNotExist */
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

type Members = Readonly<Record<string, unknown>>;

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

export class SqsClient {
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #signer: SignatureV4;

  constructor({ endpoint, accessKeyId, secretAccessKey, sessionToken }: SqsEndpoint, region: string) {
    this.#url = new URL(endpoint);
    this.#agent = this.#url.protocol === "https:" ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
    this.#signer = new SignatureV4({
      service: "sqs",
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      sha256: Sha256,
    });
  }

  /** @throws SqsClientError when it is refused; any other error when there is no answer */
  async call(operation: string, input: object, signal?: AbortSignal): Promise<Members> {
    const body = JSON.stringify(input);
    const { protocol, hostname, host, port, pathname } = this.#url;
    const { headers } = await this.#signer.sign({
      method: "POST",
      protocol,
      hostname,
      path: pathname,
      query: {},
      headers: {
        host,
        "content-type": "application/x-amz-json-1.0",
        "content-length": String(Buffer.byteLength(body)),
        "x-amz-target": `AmazonSQS.${operation}`,
      },
      body,
    });
    const send = protocol === "https:" ? requestHttps : requestHttp;
    const options = { method: "POST", hostname, port, path: pathname, headers, agent: this.#agent };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send({ ...options, ...(signal && { signal }) }, resolve);
      request.once("error", reject);
      request.end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString("utf8"));
  }

  close(): void {
    this.#agent.destroy();
  }
}

function answerOf(status: number, text: string): Members {
  let answer: Members = {};
  try {
    answer = JSON.parse(text || "{}") as Members;
  } catch {
    // A proxy between, say: its text is all there is to show.
  }
  if (status === 200) return answer;
  const type = typeof answer.__type === "string" ? answer.__type : `HTTP ${status}`;
  throw new SqsClientError(type.slice(type.lastIndexOf("#") + 1), String(answer.message ?? answer.Message ?? text));
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
