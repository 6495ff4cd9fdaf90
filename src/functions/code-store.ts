/**
 * Deployment packages and layers: the zip as it was uploaded, kept for download, and the same unpacked once for every
 * environment to mount. The zip is the durable thing; the unpacked directory is made from it and can be made again. So
 * is the directory of several layers together, which stands among the unpacked ones under mergedSha256() of theirs.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { BlobStore } from "../state/blobs.ts";
import type { Clock } from "../state/clock.ts";
import { newHexId } from "../state/ids.ts";
import { Serial } from "../state/serial.ts";
import { mergedSha256 } from "./merged-layers.ts";
import { UnpackedCode } from "./unpacked-code.ts";
import { UnzipError } from "./unzip-error.ts";
import { Unzipper } from "./unzipper.ts";

export interface StoredCode {
  /** base64, as in CodeSha256. */
  readonly codeSha256: string;
  /** bytes of the zip */
  readonly codeSize: number;
}

/** How long code that nothing refers to stays: environments that still run it may load files late. */
const GRACE_MS = 20 * 60_000;

/** For as many the catalog is asked at once; uploads wait while so many are removed. */
const SWEPT_TOGETHER = 100;

/** Which of these packages, by their codeSha256, does anything refer to? */
export type Referenced = (codeSha256s: readonly string[]) => Promise<ReadonlySet<string>>;

/** Different after each boot of the machine, or constant where there is no such file. */
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** What bounds the disk that unpacked code takes. */
interface Bound {
  readonly limitBytes: number;
  /** Names of directories that are mounted somewhere. */
  readonly inUse: () => Iterable<string>;
}

export class CodeStore {
  /** Of the unpacked packages, by the hexadecimal form of their CodeSha256. */
  readonly #directory: string;
  readonly #incoming: string;
  readonly #zips: BlobStore;
  readonly #clock: Clock;
  readonly #unzipper = new Unzipper();
  readonly #serial = new Serial();
  /** Packages in the hands of store(), with how often: not swept, though nothing refers to them yet. */
  readonly #held = new Map<string, number>();
  readonly #unreferencedSince = new Map<string, number>();
  readonly #unpackedCode: UnpackedCode;
  #bound: Bound | undefined;

  private constructor(directory: string, zips: BlobStore, clock: Clock) {
    this.#directory = directory;
    this.#unpackedCode = new UnpackedCode(directory);
    this.#incoming = join(directory, "incoming");
    this.#zips = zips;
    this.#clock = clock;
  }

  /** @param dataDirectory the region's: zips are kept in its `packages`, their contents in its `code` */
  static async open(dataDirectory: string, clock: Clock): Promise<CodeStore> {
    const zips = await BlobStore.open(join(dataDirectory, "packages"));
    const store = new CodeStore(join(dataDirectory, "code"), zips, clock);
    await mkdir(store.#directory, { recursive: true });
    await store.#distrustOlderBoot();
    await rm(store.#incoming, { recursive: true, force: true });
    await mkdir(store.#incoming);
    return store;
  }

  /**
   * Unpack a deployment package and keep it, durably, while `use` runs; afterwards it stays as long as the catalog
   * refers to it (see sweep).
   * @throws UnzipError when the zip is broken, hostile or too large unpacked; then nothing is kept
   */
  async store<T>(zip: Uint8Array, use: (code: StoredCode) => Promise<T>): Promise<T> {
    const { sha256, bytes } = await this.#serial.run("zips", async () => {
      const blob = await this.#zips.put(zip);
      this.#held.set(blob.sha256, (this.#held.get(blob.sha256) ?? 0) + 1);
      return blob;
    });
    try {
      await this.#unpack(sha256).catch((error: unknown) => {
        // No environment can be using it: where the disk is full, say, the next sweep gives its space back at once.
        this.#unreferencedSince.set(sha256, Number.NEGATIVE_INFINITY);
        throw error;
      });
      return await use({ codeSha256: Buffer.from(sha256, "hex").toString("base64"), codeSize: bytes });
    } catch (error) {
      // Bytes that cannot be unpacked cannot be in use by anyone else either.
      if (error instanceof UnzipError) await this.#zips.delete(sha256);
      throw error;
    } finally {
      const others = (this.#held.get(sha256) ?? 1) - 1;
      if (others > 0) this.#held.set(sha256, others);
      else this.#held.delete(sha256);
    }
  }

  /** Where the package is unpacked, readable by everyone who gets there, once store() or ensure() answered for it. */
  directory(codeSha256: string): string {
    return join(this.#directory, hexOf(codeSha256));
  }

  /** Unpack a kept package again where that is needed, as after a reboot. */
  async ensure(codeSha256: string): Promise<string> {
    await this.#unpack(hexOf(codeSha256));
    return this.directory(codeSha256);
  }

  /**
   * The layers of a function together, later ones over earlier ones: put together once for each list of layers.
   * @param codeSha256s of the layers in their order; at least one
   */
  async ensureLayers(codeSha256s: readonly string[]): Promise<string> {
    const hex = hexOf(mergedSha256(codeSha256s));
    const directory = join(this.#directory, hex);
    this.#unpackedCode.used(hex, this.#clock.now());
    if (existsSync(directory)) return directory;
    const sources = await Promise.all(codeSha256s.map((codeSha256) => this.ensure(codeSha256)));
    await this.#make(hex, (incoming) => this.#unzipper.merge(sources, incoming));
    return directory;
  }

  /** bytes of all files of a kept package */
  unzippedSize(codeSha256: string): Promise<number> {
    return this.#unzipper.measure(this.#zips.path(hexOf(codeSha256)));
  }

  /** The zip as it was uploaded. The stream fails with ENOENT when there is none. */
  open(codeSha256: string): Readable {
    return this.#zips.stream(hexOf(codeSha256));
  }

  /** Bytes of the zip, or undefined when there is none. */
  size(codeSha256: string): Promise<number | undefined> {
    return this.#zips.size(hexOf(codeSha256));
  }

  /**
   * Remove code that nothing has referred to for a while. A few packages at a time, so that neither memory nor anybody's
   * waiting grows with how many there are.
   * @param referenced answers which of these codeSha256 anything refers to; others may be among its answer
   * @param graceMs 0 only at the start of a region, when no environment can be using anything
   * @param known codeSha256s, page by page, that are referred to: most of them all, so that few are left to ask for
   */
  async sweep(
    referenced: Referenced,
    graceMs = GRACE_MS,
    known: AsyncIterable<readonly string[]> | readonly [] = [],
  ): Promise<void> {
    const found = new Set([...(await this.#zips.list()), ...(await this.#unpacked())]);
    for await (const page of known) {
      for (const hex of page.map(hexOf)) {
        found.delete(hex);
        this.#unreferencedSince.delete(hex);
      }
      await nextTurn();
    }
    const candidates = [...found];
    for (let start = 0; start < candidates.length; start += SWEPT_TOGETHER) {
      const some = candidates.slice(start, start + SWEPT_TOGETHER);
      const used = await usedOf(some, referenced);
      const due = some.filter((hex) => this.#isDue(hex, used.has(hex), graceMs));
      if (due.length > 0) await this.#serial.run("zips", () => this.#remove(due, referenced));
      // The database answers within one turn of the event loop; others must have theirs.
      await nextTurn();
    }
    await this.evict();
  }

  /**
   * From now on, take away what was not used longest when all unpacked code takes more than this.
   * @param inUse codeSha256s, of merged layers their mergedSha256(), that an environment has mounted
   */
  bound(limitBytes: number, inUse: () => Iterable<string>): void {
    this.#bound = { limitBytes, inUse: () => [...inUse()].map(hexOf) };
  }

  /** Keep within the bound. Done whenever something was unpacked, too. */
  evict(): Promise<void> {
    return this.#serial.run("evict", async () => {
      if (!this.#bound) return;
      const { limitBytes, inUse } = this.#bound;
      const present = await this.#unpacked();
      const surplus = await this.#unpackedCode.surplus(present, new Set(inUse()), limitBytes, this.#clock.now());
      for (const hex of surplus) {
        await this.#serial.run(hex, async () => {
          // Somebody may have come for it meanwhile.
          const isWanted = !this.#unpackedCode.isAtRest(hex, this.#clock.now()) || new Set(inUse()).has(hex);
          if (!isWanted) await this.#discard(hex);
        });
      }
    });
  }

  /** Ends the thread that unpacks. */
  close(): Promise<void> {
    return this.#unzipper.close();
  }

  #unpack(hex: string): Promise<void> {
    return this.#make(hex, (incoming) => this.#unzipper.unzip(this.#zips.path(hex), incoming));
  }

  /** Make a directory unless it is there: whole or not at all. */
  #make(hex: string, fill: (incoming: string) => Promise<void>): Promise<void> {
    this.#unpackedCode.used(hex, this.#clock.now());
    return this.#serial.run(hex, async () => {
      const directory = join(this.#directory, hex);
      if (existsSync(directory)) return;
      const incoming = join(this.#incoming, newHexId(16));
      try {
        await fill(incoming);
        await rename(incoming, directory);
        // In its own time: whoever unpacked does not wait for it, and the next eviction makes up for one that fails.
        void this.evict().catch(() => {});
      } catch (error) {
        await rm(incoming, { recursive: true, force: true });
        throw error;
      }
    });
  }

  /** Has nothing referred to it for so long that it may go? */
  #isDue(hex: string, isUsed: boolean, graceMs: number): boolean {
    if (isUsed || this.#held.has(hex)) {
      this.#unreferencedSince.delete(hex);
      return false;
    }
    const now = this.#clock.now();
    const since = this.#unreferencedSince.get(hex) ?? now;
    this.#unreferencedSince.set(hex, since);
    return now - since >= graceMs;
  }

  async #remove(hexes: readonly string[], referenced: Referenced): Promise<void> {
    // Between the sweep's look and now somebody may have come to use the same bytes, and holds them still, or has let go
    // and stands in the catalog. Nobody else comes before this ends.
    const free = hexes.filter((hex) => !this.#held.has(hex));
    const used = await usedOf(free, referenced);
    for (const hex of free) {
      if (used.has(hex)) continue;
      await this.#zips.delete(hex);
      await this.#discard(hex);
      this.#unreferencedSince.delete(hex);
    }
  }

  /** Renamed first: a directory under its own name is always complete. */
  async #discard(hex: string): Promise<void> {
    const leaving = join(this.#incoming, newHexId(16));
    const directory = join(this.#directory, hex);
    if (!existsSync(directory)) return;
    await rename(directory, leaving);
    this.#unpackedCode.gone(hex);
    await rm(leaving, { recursive: true, force: true });
  }

  async #unpacked(): Promise<string[]> {
    return (await readdir(this.#directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  }

  /** Unpacked files are not synced one by one; after a reboot, which may have lost some, all are made again. */
  async #distrustOlderBoot(): Promise<void> {
    const boot = await readFile(BOOT_ID, "utf8").catch(() => "unknown");
    const marker = join(this.#directory, "boot-id");
    const known = await readFile(marker, "utf8").catch(() => undefined);
    if (known === boot) return;
    for (const hex of await this.#unpacked()) {
      await rm(join(this.#directory, hex), { recursive: true, force: true });
    }
    await writeFile(marker, boot);
  }
}

async function usedOf(hexes: readonly string[], referenced: Referenced): Promise<ReadonlySet<string>> {
  if (hexes.length === 0) return new Set();
  const used = await referenced(hexes.map((hex) => Buffer.from(hex, "hex").toString("base64")));
  return new Set([...used].map(hexOf));
}

function hexOf(codeSha256: string): string {
  return Buffer.from(codeSha256, "base64").toString("hex");
}
