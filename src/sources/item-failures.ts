/** What a function that reports the failures of a batch item by item has answered (contract/04 §2). */

/** Of which items it failed; `all` when the answer is no such report, or names what was not in the batch. */
export type ItemFailures<Item> = ReadonlySet<Item> | "all";

const NONE: ReadonlySet<never> = new Set();

/**
 * @param payload what the function returned
 * @param itemOf the item that an identifier names; undefined when it names none
 */
export function itemFailures<Item>(
  payload: Buffer,
  itemOf: (identifier: unknown) => Item | undefined,
): ItemFailures<Item> {
  if (payload.length === 0) return NONE;
  let answer: unknown;
  try {
    answer = JSON.parse(payload.toString("utf8"));
  } catch {
    return "all";
  }
  if (typeof answer !== "object" || answer === null) return NONE;
  const { batchItemFailures: reported } = answer as { batchItemFailures?: unknown };
  if (reported === undefined || reported === null) return NONE;
  if (!Array.isArray(reported)) return "all";
  const failed = new Set<Item>();
  for (const failure of reported) {
    const item = itemOf((failure as { itemIdentifier?: unknown } | null)?.itemIdentifier);
    if (item === undefined) return "all";
    failed.add(item);
  }
  return failed;
}
