/** Pages of lists, as both control APIs have them: a limit, and an opaque token for what follows. */

/** Where the next page begins. */
interface Cursor {
  readonly from: number;
}

/**
 * @param limit as the caller asks for it @param most items that a page may have
 * @returns undefined for a token that is none of ours
 */
export function pageOf<T>(
  items: readonly T[],
  token: string | undefined,
  limit = 500,
  most = 500,
): { readonly items: readonly T[]; readonly next: string | undefined } | undefined {
  const from = token === undefined ? 0 : startOf(token);
  if (from === undefined) return undefined;
  const end = from + Math.min(Math.max(limit, 1), most);
  const next = end < items.length ? Buffer.from(JSON.stringify({ from: end })).toString("base64url") : undefined;
  return { items: items.slice(from, end), next };
}

function startOf(token: string): number | undefined {
  try {
    const { from } = JSON.parse(Buffer.from(token, "base64url").toString()) as Partial<Cursor>;
    return Number.isSafeInteger(from) && from !== undefined && from >= 0 ? from : undefined;
  } catch {
    return undefined;
  }
}
