/** How long what could not be done waits until it is tried again: from 1 s to 5 min, doubling (contract/03 §5). */

const FIRST_MS = 1000;
const LONGEST_MS = 5 * 60_000;

/** @param refusals how often in a row it could not be done, from 1 */
export function backOffMs(refusals: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(refusals - 1, 20), LONGEST_MS);
}
