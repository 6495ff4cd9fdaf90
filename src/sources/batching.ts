/** Collects what is to go to a function together: until there is enough, no more comes, or the window ends. */

/** An event may have 6 MB (contract/04 §1); a little is left for what stands around the records. */
export const LARGEST_BATCH_BYTES = 6 * 1024 * 1024 - 1024;

export interface Sized {
  readonly bytes: number;
}

export interface BatchRules {
  readonly size: number;
  /** Milliseconds after the first record; 0: what is there is sent at once. */
  readonly windowMs: number;
}

export interface Supply<Item> {
  /** Waits for some, as long as the signal does not fire. */
  wait(limit: number, signal: AbortSignal): Promise<readonly Item[]>;
}

/** @returns what was collected: nothing when the signal fired before anything came */
export async function collectBatch<Item extends Sized>(
  supply: Supply<Item>,
  { size, windowMs }: BatchRules,
  signal: AbortSignal,
): Promise<Item[]> {
  const batch = [...(await supply.wait(size, signal))];
  if (batch.length === 0 || windowMs === 0) return batch;
  const window = new AbortController();
  const timer = setTimeout(() => window.abort(), windowMs);
  const either = AbortSignal.any([signal, window.signal]);
  let bytes = sizeOf(batch);
  try {
    while (batch.length < size && bytes < LARGEST_BATCH_BYTES && !either.aborted) {
      const more = await supply.wait(size - batch.length, either);
      batch.push(...more);
      bytes += sizeOf(more);
    }
  } finally {
    clearTimeout(timer);
  }
  return batch;
}

/** In order, each small enough for one event. One that is too large by itself is alone. */
export function cutBatch<Item extends Sized>(batch: readonly Item[]): Item[][] {
  const parts: Item[][] = [];
  let part: Item[] = [];
  let bytes = 0;
  for (const item of batch) {
    if (part.length > 0 && bytes + item.bytes + 1 > LARGEST_BATCH_BYTES) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += item.bytes + 1;
  }
  return part.length > 0 ? [...parts, part] : parts;
}

const sizeOf = (items: readonly Sized[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0);
