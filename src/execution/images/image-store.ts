/**
 * Container images of functions on this machine: each pulled and unpacked once, by digest, their layers shared. What no
 * function refers to any more is removed after a while. Everything here can be fetched again.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { Clock } from "../../state/clock.ts";
import { newHexId } from "../../state/ids.ts";
import { Serial } from "../../state/serial.ts";
import { ImageError } from "./image-error.ts";
import { checkedDocument, checkedManifest, digestOf, type ImageSource } from "./image-source.ts";
import type { ImageSources } from "./image-sources.ts";
import { ImageUnpacker } from "./image-unpacker.ts";
import {
  chooseManifest,
  type Descriptor,
  type ImageConfiguration,
  type Manifest,
  readConfiguration,
  readManifest,
} from "./manifest.ts";
import { parseImageReference } from "./reference.ts";
import { MAX_IMAGE_BYTES } from "./unpack-layer.ts";

/** What a sandbox needs of an image. */
export interface Image {
  /** Host directory: the root file system, not to be written to. */
  readonly root: string;
  readonly configuration: ImageConfiguration;
}

/** What is kept of an image beside its root. */
interface Known {
  readonly manifest: Manifest;
  readonly configuration: ImageConfiguration;
}

export interface ImageStoreOptions {
  /** The region's `images` directory. */
  readonly directory: string;
  readonly sources: ImageSources;
  readonly clock: Clock;
  /** What each sandbox has of its own: directories that must be there, files with their content. */
  readonly mountPoints: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

/** How long an image that nothing refers to stays. */
const GRACE_MS = 20 * 60_000;
const ARCHITECTURES = { x86_64: "amd64", arm64: "arm64" } as const;

export class ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #unpacker = new ImageUnpacker();
  readonly #serial = new Serial();
  readonly #known = new Map<string, Known>();
  readonly #unreferencedSince = new Map<string, number>();

  private constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const store = new ImageStore(options);
    await rm(store.#path("incoming"), { recursive: true, force: true });
    for (const name of ["incoming", "layers", "roots", "manifests"]) {
      await mkdir(store.#path(name), { recursive: true, mode: 0o755 });
    }
    return store;
  }

  /**
   * Which image a name means now, for a processor.
   * @returns its digest, 64 hex digits
   * @throws ImageError
   */
  async resolve(uri: string, architecture: keyof typeof ARCHITECTURES): Promise<string> {
    const { repository, reference, source } = await this.#open(uri);
    try {
      const bytes = await checkedManifest(source, repository, reference);
      const chosen = chooseManifest(bytes, ARCHITECTURES[architecture]);
      const manifest = chosen ? await checkedManifest(source, repository, chosen.digest) : bytes;
      readManifest(manifest);
      return hexOf(chosen?.digest ?? digestOf(manifest));
    } finally {
      await source.close?.();
    }
  }

  /**
   * The image, fetched and unpacked where it is not there yet.
   * @param digest what resolve() answered for the name
   * @throws ImageError
   */
  async ensure(uri: string, digest: string): Promise<Image> {
    const known = this.#known.get(digest) ?? (await this.#recall(digest));
    const root = this.#path("roots", digest);
    this.#unreferencedSince.delete(digest);
    if (known && existsSync(root)) return { root, configuration: known.configuration };
    return this.#serial.run(digest, async () => {
      const pulled = await this.#pull(uri, digest);
      return { root, configuration: pulled.configuration };
    });
  }

  /**
   * Remove images that nothing has referred to for a while, and layers that no image has any more.
   * @param referenced answers which of these digests functions refer to
   */
  async sweep(referenced: (digests: readonly string[]) => Promise<ReadonlySet<string>>, graceMs = GRACE_MS) {
    const digests = await readdir(this.#path("roots"));
    const used = await referenced(digests);
    for (const digest of digests) {
      if (used.has(digest)) this.#unreferencedSince.delete(digest);
      else if (this.#isDue(digest, graceMs)) await this.#serial.run(digest, () => this.#remove(digest));
    }
    await this.#serial.run("layers", () => this.#sweepLayers());
  }

  close(): Promise<void> {
    return this.#unpacker.close();
  }

  async #open(uri: string) {
    const reference = parseImageReference(uri);
    return { ...reference, source: await this.#options.sources.open(reference) };
  }

  async #pull(uri: string, digest: string): Promise<Known> {
    const { repository, source } = await this.#open(uri);
    try {
      const manifest = readManifest(await checkedManifest(source, repository, `sha256:${digest}`));
      const total = manifest.layers.reduce((sum, { size }) => sum + size, 0);
      if (total > MAX_IMAGE_BYTES) throw new ImageError("invalid", "The image is larger than 10 GB.");
      const configuration = readConfiguration(await checkedDocument(source, repository, manifest.config));
      // A sweep between a layer and the root that is made of it would take the layer away.
      await this.#serial.run("layers", async () => {
        for (const layer of manifest.layers) await this.#fetchLayer(source, repository, layer);
        await this.#assemble(manifest, digest);
      });
      const known = { manifest, configuration };
      await writeFile(this.#path("manifests", digest), JSON.stringify(known));
      this.#known.set(digest, known);
      return known;
    } finally {
      await source.close?.();
    }
  }

  async #fetchLayer(source: ImageSource, repository: string, layer: Descriptor): Promise<void> {
    const target = this.#path("layers", hexOf(layer.digest));
    if (existsSync(target)) return;
    const blob = this.#path("incoming", newHexId(16));
    const directory = `${blob}-files`;
    try {
      await download(await source.blob(repository, layer), blob, layer.digest);
      await this.#unpacker.unpackLayer(blob, directory);
      await keep(directory, target);
    } finally {
      await rm(blob, { force: true });
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #assemble({ layers }: Manifest, digest: string): Promise<void> {
    const target = this.#path("roots", digest);
    if (existsSync(target)) return;
    const directory = this.#path("incoming", newHexId(16));
    const { mountPoints, files } = this.#options;
    try {
      const sources = layers.map((layer) => this.#path("layers", hexOf(layer.digest)));
      await this.#unpacker.assembleRoot({ layers: sources, directory, mountPoints, files });
      await keep(directory, target);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #recall(digest: string): Promise<Known | undefined> {
    try {
      const known = JSON.parse(await readFile(this.#path("manifests", digest), "utf8")) as Known;
      this.#known.set(digest, known);
      return known;
    } catch {
      return undefined;
    }
  }

  #isDue(digest: string, graceMs: number): boolean {
    const now = this.#options.clock.now();
    const since = this.#unreferencedSince.get(digest) ?? now;
    this.#unreferencedSince.set(digest, since);
    return now - since >= graceMs;
  }

  async #remove(digest: string): Promise<void> {
    this.#unreferencedSince.delete(digest);
    this.#known.delete(digest);
    await rm(this.#path("manifests", digest), { force: true });
    await rm(this.#path("roots", digest), { recursive: true, force: true });
  }

  async #sweepLayers(): Promise<void> {
    const used = new Set<string>();
    for (const digest of await readdir(this.#path("manifests"))) {
      const known = await this.#recall(digest);
      for (const layer of known?.manifest.layers ?? []) used.add(hexOf(layer.digest));
    }
    for (const layer of await readdir(this.#path("layers"))) {
      if (!used.has(layer)) await rm(this.#path("layers", layer), { recursive: true, force: true });
    }
  }

  #path(...names: readonly string[]): string {
    return join(this.#options.directory, ...names);
  }
}

const hexOf = (digest: string): string => digest.slice("sha256:".length);

/** @throws ImageError when the bytes are not what the digest says */
async function download(blob: Readable, path: string, digest: string): Promise<void> {
  const hash = createHash("sha256");
  const file = await open(path, "wx", 0o600);
  let bytes = 0;
  try {
    for await (const chunk of blob) {
      bytes += chunk.length;
      if (bytes > MAX_IMAGE_BYTES) throw new ImageError("invalid", "A layer is larger than an image may be.");
      hash.update(chunk);
      await file.appendFile(chunk);
    }
  } catch (error) {
    const isTheirs = error instanceof ImageError || (error as NodeJS.ErrnoException).code === "ENOSPC";
    throw isTheirs ? error : new ImageError("unreachable", `a layer broke off: ${(error as Error).message}`, error);
  } finally {
    await file.close();
  }
  if (`sha256:${hash.digest("hex")}` !== digest) {
    throw new ImageError("invalid", "The image cannot be used: a layer is not what its digest says.");
  }
}

/** Under its own name a directory is whole, after a loss of power too: nobody looks into it again. */
async function keep(directory: string, target: string): Promise<void> {
  await promisify(execFile)("sync", ["--file-system", directory]).catch(() => undefined);
  await rename(directory, target);
}
