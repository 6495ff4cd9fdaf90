/** Lists, a page at a time: the token is the name behind which the next page begins. */
import type { SchedulerFail } from "./scheduler-api.ts";

const MOST = 100;

/** @param items sorted by name */
export function pageOf<T>(
  fail: SchedulerFail,
  items: readonly T[],
  nameOf: (item: T) => string,
  { NextToken: token, MaxResults: limit = MOST }: { NextToken?: string | undefined; MaxResults?: number | undefined },
): { readonly page: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString("utf8");
  if (token !== undefined && (token === "" || Buffer.from(after).toString("base64url") !== token)) {
    fail("ValidationException", "Invalid NextToken.");
  }
  const rest = items.filter((item) => nameOf(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  if (last === undefined || rest.length <= limit) return { page, next: {} };
  return { page, next: { NextToken: Buffer.from(nameOf(last)).toString("base64url") } };
}
