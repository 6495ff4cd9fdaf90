/** Posts a message to an HTTP endpoint. Redirects are not followed, and what it answers besides its status is not read. */
import { InsideAddressError } from "../../invocation/outside-address.ts";
import { TargetRefusal } from "../../invocation/targets.ts";
import { callWeb } from "../../invocation/web-call.ts";

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
export async function postMessage({ url, body, headers, isOutside }: Post): Promise<void> {
  const { status } = await callWeb({
    url: new URL(url),
    method: "POST",
    headers: { ...headers, "user-agent": "Amazon Simple Notification Service Agent" },
    body,
    timeoutMs: TIMEOUT_MS,
    isOutside,
  }).catch((error: unknown) => {
    throw error instanceof InsideAddressError ? new TargetRefusal(error.message, "CLIENT_ERROR") : error;
  });
  if (status >= 200 && status < 300) return;
  const text = `${url} answered ${status}`;
  throw status >= 400 && status < 500 && status !== 429 ? new TargetRefusal(text, "CLIENT_ERROR") : new Error(text);
}
