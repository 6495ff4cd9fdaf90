/** Exact bounds for counts of random draws, so that a test that counts them fails by chance less than once in a billion. */

const RARE = 1e-9;

/** @returns the least and the most hits of `draws` draws with probability ½ that are not rarer than one in a billion */
export function fairBounds(draws: number): { readonly least: number; readonly most: number } {
  let combinations = 1n;
  let below = 1n;
  const all = 2n ** BigInt(draws);
  for (let hits = 0; hits < draws; hits++) {
    // Ratios of numbers this large are taken as whole billionths of billionths.
    if (Number((below * 10n ** 18n) / all) / 1e18 >= RARE / 2) return { least: hits, most: draws - hits };
    combinations = (combinations * BigInt(draws - hits)) / BigInt(hits + 1);
    below += combinations;
  }
  return { least: 0, most: draws };
}
