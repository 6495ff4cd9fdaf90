/** Lists of queues, a page at a time. */
import type { Queue } from "./queue.ts";
import type { SqsFail } from "./sqs-api.ts";

const MOST = 1000;

/** Without MaxResults there is one page, of a thousand, and nothing says that there are more: as AWS has it. */
export function pageOf(
  fail: SqsFail,
  queues: readonly Queue[],
  { MaxResults: size, NextToken: token }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): { readonly page: readonly Queue[]; readonly next: string | undefined } {
  if (size !== undefined && (size < 1 || size > MOST)) {
    fail(
      "InvalidParameterValue",
      `Value ${size} for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and ${MOST}.`,
    );
  }
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString("utf8");
  if (token !== undefined && Buffer.from(after).toString("base64url") !== token) {
    fail("InvalidParameterValue", "Invalid or expired next token.");
  }
  const rest = queues.filter(({ name }) => name > after);
  const page = rest.slice(0, size ?? MOST);
  const last = page.at(-1);
  const isMore = size !== undefined && rest.length > page.length && last !== undefined;
  return { page, next: isMore ? Buffer.from(last.name).toString("base64url") : undefined };
}
