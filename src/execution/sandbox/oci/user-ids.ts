/** Users and groups of the host that belong to sandboxes. No file is theirs and nobody else has their numbers. */

const FIRST = 1_000_000;
const PER_REGION = 4096;
/** Half of a region's are for what runs in its sandboxes, the others for who is called root in there. */
const ROOTS = PER_REGION / 2;

/** Who runs the processes of a sandbox. */
export function userIdOf(region: number, slot: number): number {
  return FIRST + region * PER_REGION + slot;
}

/** Who is root in a sandbox that has users of its own: nothing runs as it, but what builds the sandbox. */
export function rootIdOf(region: number, slot: number): number {
  return userIdOf(region, slot) + ROOTS;
}

/** The group of all these roots, which alone may pass through the region's run directory. */
export function buildersGroupOf(region: number): number {
  return rootIdOf(region, 0);
}
