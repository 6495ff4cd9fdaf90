/** Posts a message to an HTTP endpoint. Redirects are not followed, and what it answers besides its status is not read. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { InsideAddressError, outsideAddresses, pinnedTo } from "../../invocation/outside-address.ts";
import { TargetRefusal } from "../../invocation/targets.ts";

/** As SNS waits for endpoints. */
const TIMEOUT_MS = 15_000;

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Not to this machine. */
  readonly isOutside: boolean;
}

/** @throws TargetRefusal for an answer that says the request is at fault (4xx, but 429); Error for all that may pass */
export async function postMessage(post: Post): Promise<void> {
  const { url, headers } = post;
  const bytes = Buffer.from(post.body);
  // A connection of its own: one that is kept may lead elsewhere.
  const route = post.isOutside ? { lookup: pinnedTo(await judged(new URL(url).hostname)), agent: false } : {};
  const status = await new Promise<number>((resolve, reject) => {
    const request = url.startsWith("https:") ? httpsRequest : httpRequest;
    const options = {
      method: "POST",
      headers: {
        ...headers,
        "content-length": String(bytes.length),
        "user-agent": "Amazon Simple Notification Service Agent",
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...route,
    };
    const sent: ClientRequest = request(url, options, (response: IncomingMessage) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on("error", reject);
    sent.end(bytes);
  });
  if (status >= 200 && status < 300) return;
  const text = `${url} answered ${status}`;
  throw status >= 400 && status < 500 && status !== 429 ? new TargetRefusal(text, "CLIENT_ERROR") : new Error(text);
}

async function judged(hostname: string) {
  try {
    return await outsideAddresses(hostname);
  } catch (error) {
    throw error instanceof InsideAddressError ? new TargetRefusal(error.message, "CLIENT_ERROR") : error;
  }
}
