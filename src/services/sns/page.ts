/** Lists in pages of a hundred: the token names the last that was given. */
import { invalid, type SnsFail } from "./refusal.ts";

const PAGE = 100;

/** @param keyOf grows along the list @throws ServiceError */
export function pageOf<T>(
  fail: SnsFail,
  list: readonly T[],
  keyOf: (item: T) => string,
  token: string | undefined,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  let from = 0;
  if (token !== undefined) {
    const key = Buffer.from(token, "base64url").toString();
    const at = list.findIndex((item) => keyOf(item) > key);
    if (Buffer.from(key).toString("base64url") !== token) invalid(fail, "NextToken");
    from = at < 0 ? list.length : at;
  }
  const items = list.slice(from, from + PAGE);
  const last = items.at(-1);
  if (last === undefined || from + PAGE >= list.length) return { items };
  return { items, NextToken: Buffer.from(keyOf(last)).toString("base64url") };
}
