/**
 * Which of the unpacked directories of code and layers may stay: as many as there is room for, those last used last. What
 * is taken away is unpacked again from its package when it is needed.
 */
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FunctionVersion } from "./function-version.ts";
import { mergedSha256 } from "./merged-layers.ts";

/** ms after its last use in which whoever asked for a directory may still be about to mount it */
const HANDS_OFF_MS = 60_000;
const BLOCK_BYTES = 512;

interface Entry {
  /** Unix ms */
  usedMs: number;
  /** Unknown until it is asked for. */
  bytes: number | undefined;
}

/** By their codeSha256, the directories that environments of these versions have mounted. */
export function* mountedBy(versions: Iterable<FunctionVersion>): Generator<string, void> {
  for (const { codeSha256, layers = [] } of versions) {
    yield codeSha256;
    if (layers.length > 0) yield mergedSha256(layers.map((layer) => layer.codeSha256));
  }
}

export class UnpackedCode {
  /** By directory name. */
  readonly #entries = new Map<string, Entry>();
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  used(name: string, nowMs: number): void {
    const entry = this.#entries.get(name);
    if (entry) entry.usedMs = Math.max(entry.usedMs, nowMs);
    else this.#entries.set(name, { usedMs: nowMs, bytes: undefined });
  }

  gone(name: string): void {
    this.#entries.delete(name);
  }

  /** Whether it is so long since the last use that nobody can be about to mount it. */
  isAtRest(name: string, nowMs: number): boolean {
    return nowMs - (this.#entries.get(name)?.usedMs ?? 0) >= HANDS_OFF_MS;
  }

  /**
   * What has to go so that the rest is within the limit, least recently used first.
   * @param present names of all directories that there are
   * @param inUse names of those that are mounted somewhere
   */
  async surplus(
    present: readonly string[],
    inUse: ReadonlySet<string>,
    limitBytes: number,
    nowMs: number,
  ): Promise<string[]> {
    let total = 0;
    const known: (readonly [string, Entry & { readonly bytes: number }])[] = [];
    for (const name of present) {
      const entry = await this.#known(name);
      total += entry.bytes;
      known.push([name, entry]);
    }
    const going: string[] = [];
    for (const [name, { bytes }] of known.sort(([, one], [, other]) => one.usedMs - other.usedMs)) {
      if (total <= limitBytes) break;
      if (inUse.has(name) || !this.isAtRest(name, nowMs)) continue;
      going.push(name);
      total -= bytes;
    }
    return going;
  }

  async #known(name: string): Promise<Entry & { readonly bytes: number }> {
    const path = join(this.#directory, name);
    // One of an earlier life of the region was last used, as far as is known, when it was made.
    if (!this.#entries.has(name)) this.used(name, (await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
    const entry = this.#entries.get(name) as Entry;
    entry.bytes ??= await bytesBelow(path);
    return entry as Entry & { readonly bytes: number };
  }
}

/** On the disk. Of a file that has several names, as those of layers put together have, each counts a part. */
async function bytesBelow(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      bytes += await bytesBelow(path);
      continue;
    }
    const found = await lstat(path).catch(() => undefined);
    if (found) bytes += (found.blocks * BLOCK_BYTES) / found.nlink;
  }
  return bytes;
}
