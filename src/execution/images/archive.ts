/** Images in tar archives of this machine: what `docker save`, and tools that write OCI archives, make. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { ImageError } from "./image-error.ts";
import { digestOf, type ImageSource } from "./image-source.ts";
import { Layout } from "./layout.ts";
import type { Descriptor } from "./manifest.ts";

interface SavedImage {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

interface SavedManifest {
  readonly tags: readonly string[];
  readonly manifest: Buffer;
}

/** Unpack an archive and read it where it lies then. @param directory does not exist yet */
export async function openArchive(file: string, directory: string): Promise<ImageSource> {
  await mkdir(directory, { recursive: true });
  const close = () => rm(directory, { recursive: true, force: true });
  try {
    // The operator's own file, into a directory of its own: what is hostile in an image is within its layers.
    await promisify(execFile)("tar", ["--extract", "--no-same-owner", "--file", file, "--directory", directory]);
    const isLayout = await stat(join(directory, "index.json")).then(
      () => true,
      () => false,
    );
    const source = isLayout ? new Layout(() => directory) : await SavedImages.open(directory);
    return { manifest: (...names) => source.manifest(...names), blob: (...names) => source.blob(...names), close };
  } catch (error) {
    await close();
    if (error instanceof ImageError) throw error;
    throw new ImageError("invalid", `${file} is no archive of an image: ${(error as Error).message}`, error);
  }
}

/** What `docker save` wrote before it wrote layouts: a list of files, for which the manifests are made here. */
class SavedImages implements ImageSource {
  readonly #images: readonly SavedManifest[];
  readonly #files: ReadonlyMap<string, string>;

  private constructor(images: readonly SavedManifest[], files: ReadonlyMap<string, string>) {
    this.#images = images;
    this.#files = files;
  }

  static async open(directory: string): Promise<SavedImages> {
    const saved = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")) as readonly SavedImage[];
    const files = new Map<string, string>();
    const descriptor = async (name: string, mediaType: string): Promise<Descriptor> => {
      const path = within(directory, name);
      const digest = await fileDigest(path);
      files.set(digest, path);
      return { mediaType, digest, size: (await stat(path)).size };
    };
    const images = [];
    for (const { Config, RepoTags, Layers } of saved) {
      const config = await descriptor(Config, "application/vnd.oci.image.config.v1+json");
      const layers = [];
      for (const layer of Layers) layers.push(await descriptor(layer, "application/vnd.oci.image.layer.v1.tar"));
      images.push({
        tags: RepoTags ?? [],
        manifest: Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers })),
      });
    }
    return new SavedImages(images, files);
  }

  async manifest(repository: string, reference: string): Promise<Buffer> {
    const found = this.#images.find(
      ({ tags, manifest }) => digestOf(manifest) === reference || tags.some((tag) => tag.endsWith(`:${reference}`)),
    );
    const image = found ?? (this.#images.length === 1 && !reference.includes(":") ? this.#images[0] : undefined);
    if (!image) throw new ImageError("missing", `the archive of ${repository} has no ${reference}`);
    return image.manifest;
  }

  async blob(repository: string, { digest }: Descriptor): Promise<Readable> {
    const path = this.#files.get(digest);
    if (path === undefined) throw new ImageError("missing", `the archive of ${repository} has no ${digest}`);
    return createReadStream(path);
  }
}

function within(directory: string, name: string): string {
  const path = join(directory, name);
  if (!path.startsWith(`${directory}/`))
    throw new ImageError("invalid", `the archive names ${name}, which is not in it`);
  return path;
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}
