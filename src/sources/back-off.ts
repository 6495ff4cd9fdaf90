/** How long what could not be done waits until it is tried again: from 1 s to half a minute, doubling. */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** @param failures how often in a row it could not be done, from 1 */
export function backOffMs(failures: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), LONGEST_MS);
}
