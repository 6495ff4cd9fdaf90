/**
 * A request of the region's own to a URL that somebody has named. It does not wait for long, reads no more of the answer
 * than is wanted, follows no redirect, and goes only outside for whom may go nowhere else.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { routeTo } from "./outside-address.ts";

export interface WebCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Not to this machine. */
  readonly isOutside: boolean;
  /** Of the answer; nothing of it is read without. */
  readonly maxAnswerBytes?: number;
}

export interface WebAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly body: Buffer;
}

/** @throws InsideAddressError; Error for what did not arrive, or was not answered as it should be */
export async function callWeb({ url, method, headers, body, timeoutMs, isOutside, maxAnswerBytes = 0 }: WebCall) {
  const signal = AbortSignal.timeout(timeoutMs);
  const route = await routeTo(url.hostname, isOutside);
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const { promise, resolve, reject } = Promise.withResolvers<WebAnswer>();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const options = {
    method,
    headers: { ...headers, ...(bytes && { "content-length": String(bytes.length) }) },
    signal,
    ...route,
  };
  const sent: ClientRequest = send(url, options, (response) => {
    readBody(response, maxAnswerBytes).then((read) => {
      const { statusCode: status = 0, statusMessage: statusText = "" } = response;
      resolve({ status, statusText, body: read });
    }, reject);
  });
  sent.on("error", reject);
  sent.end(bytes);
  return promise;
}

async function readBody(response: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  if (most > 0) {
    for await (const chunk of response) {
      length += (chunk as Buffer).length;
      if (length > most) throw new Error(`the answer is larger than ${most} bytes`);
      chunks.push(chunk as Buffer);
    }
  }
  response.destroy();
  return Buffer.concat(chunks);
}
